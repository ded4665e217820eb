"use strict";
const results = document.getElementById("results");
const figures = Array.from(results.children);
const text = document.getElementById("text");
const order = document.getElementById("order");
const boxes = Array.from(document.getElementsByName("verdict"));
const nameOf = (figure) => figure.querySelector(".name").textContent;
const words = figures.map((figure) => {
  const reason = figure.querySelector(".reason").textContent;
  return `${nameOf(figure)} ${reason}`.toLowerCase();
});
const without = { highest: -Infinity, lowest: Infinity }; // what has no probability comes last
const probability = (figure) =>
  figure.dataset.probability === "" ? without[order.value] : Number(figure.dataset.probability);
const compare = {
  highest: (a, b) => probability(b) - probability(a) || 0,
  lowest: (a, b) => probability(a) - probability(b) || 0,
  name: (a, b) => nameOf(a).localeCompare(nameOf(b)),
};

function filter() {
  const verdicts = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  const wanted = text.value.trim().toLowerCase();
  let count = 0;
  figures.forEach((figure, index) => {
    figure.hidden = !verdicts.has(figure.dataset.verdict) || !words[index].includes(wanted);
    count += figure.hidden ? 0 : 1;
  });
  document.getElementById("shown").value = `${count} of ${figures.length} on this page are shown`;
}

function sort() {
  const sorted = order.value === "given" ? figures : figures.slice().sort(compare[order.value]);
  results.replaceChildren(...sorted);
}

const controls = document.getElementById("controls");
controls.addEventListener("submit", (event) => event.preventDefault());
controls.addEventListener("input", filter);
order.addEventListener("input", sort);
controls.hidden = false;
filter();
sort();

"""What the page of the docs computes."""

from __future__ import annotations

from tools.cluster_cost import costs

SAID = {
    "rates": {"paths": 10.0, "http": 5.0, "s3": 20.0},
    "row_bytes": 200,
    "planned_per_second": 100_000,
    "start_seconds": 20.0,
    "assumed": {"get_1000": 0.001},
}


def test_the_sums_are_right() -> None:
    header, rows = costs(SAID, price=0.5, cores=[100])
    table = [dict(zip(header, row, strict=True)) for row in rows]
    # A million at ten a second: 100,000 s of a core, 27.8 hours; a hundredth of that on 100 cores,
    # and 10 s to plan and 20 to start.
    assert table[0] == {
        "Pictures": "1 million", "From": "paths", "Core-hours": "28", "Cores": "$13.89",
        "Requests": "", "On 100 cores": "17 min", "Planned in": "10 s", "Parquet": "0.2 GB",
    }  # fmt: skip
    assert table[5]["Requests"] == "$10.00"
    assert table[-1]["Pictures"] == "100 million"
    assert table[-1]["Core-hours"] == "1,389"
    assert table[-2]["On 100 cores"] == "2.3 days"

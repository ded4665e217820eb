#!/usr/bin/env bash
# sd-parsers 0.6 does not see ComfyUI in a PNG that holds the graph but no workflow.
#
# ComfyUI's SaveImage writes the graph as text under `prompt`. `workflow` (the layout of the editor) is
# written only if a client sent it; ComfyUI's own example of a client (script_examples/
# basic_api_example.py) sends the graph alone, and so do most services. The guess: the parser reads the
# graph, where prompt, seed and model stand, whatever else is there. Seen: without `workflow` nothing
# is found at all, and no error is raised; with any layout, one without a node too, all is found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check sd-parsers==0.6 pillow==12.0.0 2>/dev/null
cat > seen.py <<'PY'
import io
import json

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sd_parsers import ParserManager

text = {"class_type": "CLIPTextEncode", "inputs": {"text": "a girl", "clip": ["1", 1]}}
graph = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "any.safetensors"}},
    "2": text,
    "3": {**text, "inputs": {"text": "bad hands", "clip": ["1", 1]}},
    "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "5": {"class_type": "KSampler", "inputs": {
        "seed": 5, "steps": 20, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal",
        "denoise": 1.0, "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0],
        "latent_image": ["4", 0]}},
    "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
    "7": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["6", 0]}},
}
layout = {"last_node_id": 7, "last_link_id": 0, "nodes": [], "links": [], "version": 0.4}


def read(**texts):
    info = PngInfo()
    for name, value in texts.items():
        info.add_text(name, json.dumps(value))
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "navy").save(file, "PNG", pnginfo=info)
    file.seek(0)
    found = ParserManager().parse(Image.open(file))
    return None if found is None else (found.generator.value, [p.value for p in found.prompts])


print("graph and layout:", read(prompt=graph, workflow=layout))
print("graph alone:     ", read(prompt=graph))
PY
env/bin/python seen.py | tee seen.txt
diff seen.txt - <<'OUT'
graph and layout: ('ComfyUI', ['a girl'])
graph alone:      None
OUT
echo "sd-parsers 0.6 still behaves so."

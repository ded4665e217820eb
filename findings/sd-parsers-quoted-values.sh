#!/usr/bin/env bash
# sd-parsers 0.6 cuts values that AUTOMATIC1111's web UI has put in quotes.
#
# The web UI writes a value that holds a comma, a colon or a line break as a JSON string
# (modules/infotext_utils.py, quote), for example Model: "styles, blended". The guess: a reader of its
# parameters takes the quotes off and gives the name. Seen: with a comma in it the name ends at the
# comma and keeps its first quote; with a colon in it the model is gone. Nothing is raised.
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


def models(name):
    quoted = json.dumps(name) if set(name) & set(",:\n") else name
    info = PngInfo()
    info.add_text("parameters", "a girl\nNegative prompt: bad hands\nSteps: 20, Sampler: Euler a, "
                  f"CFG scale: 7, Seed: 5, Size: 64x64, Model: {quoted}, Version: v1.10.1")
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "navy").save(file, "PNG", pnginfo=info)
    file.seek(0)
    return [model.name for model in ParserManager().parse(Image.open(file)).models]


for name in ("blended", "styles, blended", "style: blended"):
    print(name, "->", models(name))
PY
env/bin/python seen.py | tee seen.txt
diff seen.txt - <<'OUT'
blended -> ['blended']
styles, blended -> ['"styles']
style: blended -> []
OUT
echo "sd-parsers 0.6 still behaves so."

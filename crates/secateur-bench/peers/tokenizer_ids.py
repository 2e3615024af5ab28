"""Token ids of a text file by the tokenizers package, without special tokens, as JSON.

    python tokenizer_ids.py TOKENIZER.json TEXT_FILE [--vocab]

Prints {"version", "ids"}, with --vocab also {"vocab": {token: id}}. The file is read as UTF-8 and its
line ends are kept.
"""

import argparse
import json
from pathlib import Path

import tokenizers


def main():
    parser = argparse.ArgumentParser(description="token ids by the tokenizers package")
    parser.add_argument("tokenizer")
    parser.add_argument("text_file", type=Path)
    parser.add_argument("--vocab", action="store_true", help="print the vocabulary too")
    args = parser.parse_args()

    tokenizer = tokenizers.Tokenizer.from_file(args.tokenizer)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    text = args.text_file.read_bytes().decode("utf-8")
    out = {"version": tokenizers.__version__, "ids": tokenizer.encode(text, add_special_tokens=False).ids}
    if args.vocab:
        out["vocab"] = dict(sorted(tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda item: item[1]))
    print(json.dumps(out, ensure_ascii=False))


if __name__ == "__main__":
    main()

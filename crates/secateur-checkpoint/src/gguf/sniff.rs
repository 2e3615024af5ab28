//! What a file is that is not GGUF.

/// First bytes, what they say, and what to do.
const STARTS: &[(&[u8], &str, &str)] = &[
    (
        b"version https://git-lfs",
        "a Git LFS pointer instead of the model",
        "run `git lfs pull` or `hf download` to get the model itself",
    ),
    (
        b"FUGG",
        "the magic GGUF backwards, a big-endian file",
        "convert it with gguf-convert-endian of the gguf package",
    ),
    (b"lmgg", "a ggml file from before GGUF", "convert the model again with a current llama.cpp"),
    (b"tjgg", "a GGJT file from before GGUF", "convert the model again with a current llama.cpp"),
    (b"fmgg", "a GGMF file from before GGUF", "convert the model again with a current llama.cpp"),
    (
        b"PK\x03\x04",
        "a zip archive, perhaps of pickled PyTorch weights",
        "convert it with llama.cpp's convert_hf_to_gguf.py, or save it as safetensors",
    ),
    (
        b"\x80\x02",
        "pickled PyTorch weights",
        "convert it with llama.cpp's convert_hf_to_gguf.py, or save it as safetensors",
    ),
    (b"\x89HDF", "an HDF5 file", "convert the model to GGUF or safetensors"),
];

/// What a file seems to be by its first bytes, and how to mend it.
pub(super) fn look(bytes: &[u8]) -> (String, &'static str) {
    const FETCH: &str = "fetch the file again from its source";
    if bytes.is_empty() {
        return ("the file is empty".to_owned(), FETCH);
    }
    if let Some((_, found, mend)) = STARTS.iter().find(|(start, ..)| bytes.starts_with(start)) {
        return (format!("it is {found}"), mend);
    }
    let text = bytes[..bytes.len().min(64)].trim_ascii_start().to_ascii_lowercase();
    if text.starts_with(b"<!doctype") || text.starts_with(b"<html") {
        return ("it is a web page".to_owned(), "fetch the model itself, not its page");
    }
    if bytes.get(8) == Some(&b'{') {
        return (
            "it looks like safetensors".to_owned(),
            "rename the file to .safetensors and give its directory",
        );
    }
    let start = &bytes[..bytes.len().min(4)];
    (format!("it begins with the bytes {start:02x?}, not with 47 47 55 46"), FETCH)
}

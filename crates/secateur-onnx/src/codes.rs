//! What the error codes of ONNX files mean.

/// Every code with its explanation, sorted.
pub const CODES: &[(&str, &str)] = &[
    (
        "SEC-OX-001",
        "The ONNX file cannot be opened or read. Usual causes: a misspelt path, missing \
         permission, a broken disk or network mount. Check with `ls -l` that the file is there \
         and readable.",
    ),
    (
        "SEC-OX-002",
        "The file has no bytes at all. Other libraries take it for an empty model; it is a \
         download that failed at the start, or a full disk. Fetch the file again.",
    ),
    (
        "SEC-OX-003",
        "The content of the file is of another format than ONNX; the message names it. Rename the \
         file to the ending of its format, or convert the model.",
    ),
    (
        "SEC-OX-004",
        "The file is a Git LFS pointer: a small text that stands for the real file. It comes from \
         a clone without Git LFS. Run `git lfs pull`, or download the model with `hf download`.",
    ),
    (
        "SEC-OX-005",
        "The file is an HTML page. Usual cause: a download that asked for a login, or for an \
         address that is not there. Download the file again.",
    ),
    (
        "SEC-OX-006",
        "Pickle files (.pt, .pth, .bin) can run any code when they are read, so they are \
         recognized and never read. Load the model where it can be trusted, and export it with \
         torch.onnx.export.",
    ),
    ("SEC-OX-007", "The path is a directory, a pipe or a device where a regular file is needed."),
    (
        "SEC-OX-008",
        "An ONNX file is a protobuf message, and these bytes are none: a length runs past the \
         end, a field has the wrong kind, or a text is not UTF-8. Usual causes: a download that \
         was interrupted, or a file of another kind. Fetch the file again.",
    ),
    (
        "SEC-OX-009",
        "The file has more of something than is read: messages inside messages (subgraphs of If, \
         Loop and Scan nest three of them each), or messages altogether. The limits keep a small \
         hostile file from taking all memory.",
    ),
    (
        "SEC-OX-010",
        "The file is a protobuf message, but not a model that can be used: it has no graph, no \
         version, or no set of operators. Other libraries load some of these as empty models.",
    ),
    (
        "SEC-OX-011",
        "The model uses a version of the operators or of the format that is not supported. The \
         meaning of operators changes between versions, so a guess would give wrong results. \
         Convert the model with onnx.version_converter, or export it again with one of the \
         versions in the message.",
    ),
    (
        "SEC-OX-012",
        "The nodes in the message need each other's results in a circle, so none of them can \
         run first.",
    ),
    (
        "SEC-OX-013",
        "A node, or the graph's output, uses a value that no input, initializer or node gives. \
         Usually a node was removed by hand, or a subgraph uses a name of another one.",
    ),
    (
        "SEC-OX-014",
        "Two things give a value of the same name, so it is not clear which is meant. A graph gives \
         each name once. A subgraph that gives a name of a graph around it again is taken with a \
         warning; inside it the inner value is meant.",
    ),
    (
        "SEC-OX-015",
        "Functions of the model call each other in a circle. ONNX forbids it: they could not be \
         written out.",
    ),
    (
        "SEC-OX-016",
        "A node is not as its operator asks: it has too few or too many inputs or outputs, or no \
         operator at all.",
    ),
    (
        "SEC-OX-017",
        "An attribute of a node contradicts itself or its operator: its type is another than its \
         content, it has several contents, or it stands twice.",
    ),
    (
        "SEC-OX-018",
        "The message of a tensor contradicts itself: a dimension is negative, the dimensions \
         overflow, the values are fewer or more than the dimensions say, or they are there twice.",
    ),
    (
        "SEC-OX-019",
        "The values of a tensor are of a type that this version cannot compute with (for example \
         strings, complex numbers or 4-bit integers). Layers that use it are left as they are.",
    ),
    (
        "SEC-OX-020",
        "The model names a file of external data that is absolute, leaves the model's folder, is \
         a link to elsewhere, or is no regular file. Such a model would read, or have others \
         read, files that are none of its business. Links inside a cache of the Hugging Face Hub \
         are followed while they stay in the repository's folder of the cache.",
    ),
    (
        "SEC-OX-021",
        "The entry of a tensor's external data cannot be: `location` is missing, or `offset` or \
         `length` is no number that is zero or more, or a key stands twice.",
    ),
    (
        "SEC-OX-022",
        "The values of a tensor would lie past the end of the file of external data. Usual cause: \
         an interrupted download of that file. Fetch it again.",
    ),
    (
        "SEC-OX-023",
        "The file of external data that the model names is not there, or cannot be read. Models \
         over 2 GB, and many smaller ones, keep their weights in such a file beside them: copy \
         both.",
    ),
    (
        "SEC-OX-024",
        "Two tensors claim the same bytes of a file of external data, without being the same \
         tensor. Such a model is damaged or made to mislead readers.",
    ),
    (
        "SEC-OX-025",
        "The file has parts that this version does not know, and which would be lost when the \
         model is written. It can be inspected, not pruned.",
    ),
    (
        "SEC-OX-026",
        "The file is of a newer version than this program knows. It can be inspected, but what \
         is written might mean something else, so nothing is.",
    ),
    (
        "SEC-OX-027",
        "A protobuf message holds at most 2 GiB. Initializers move to a file of external data \
         when there are more, but what is left of this model is still too large.",
    ),
    (
        "SEC-OX-028",
        "The model, or a file of its external data, had another length or time of change at the \
         end of the run than at the start, so the result may mix two versions. Nothing was \
         written. Run again.",
    ),
];

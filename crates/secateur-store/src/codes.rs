//! What each error code means, in a paragraph.

/// Every code of [`StoreError`](crate::StoreError) with its explanation, sorted by code.
pub const CODES: &[(&str, &str)] = &[
    (
        "SEC-ST-001",
        "The output already exists and is not empty. An output is never overwritten by accident. \
         Choose another -o, or say --force: an earlier output of this program is then replaced, \
         and it stays in place until the new one is complete.",
    ),
    (
        "SEC-ST-002",
        "An earlier run with the same output was killed or failed after it had done some steps; \
         its work lies beside the output in a hidden directory that ends in .partial. --resume \
         continues it and gives the same bytes as an undisturbed run; --force discards it.",
    ),
    (
        "SEC-ST-003",
        "What stands at the place of the output, or inside of it, was not written by this program: \
         no manifest (secateur.json) lists it. --force replaces only outputs of this program that \
         hold nothing else. Move the named files away, or choose another -o.",
    ),
    (
        "SEC-ST-004",
        "--resume was given, but no partial output was found and the output is complete. There is \
         nothing to do. To make it again, use --force; to keep both, choose another -o.",
    ),
    (
        "SEC-ST-005",
        "The output is one of the inputs, lies inside of one, or contains one, perhaps by way of a \
         symbolic link, a hard link or a mount. Inputs are never changed. Choose an -o elsewhere.",
    ),
    (
        "SEC-ST-006",
        "A file of an output is named by one plain name: not empty, without / \\ NUL or .., not \
         starting with a dot, not longer than 240 bytes, and none of the names that the program \
         uses itself. Names from model files are data and never paths, so such a name is refused.",
    ),
    (
        "SEC-ST-007",
        "--resume found a partial output of a run with other inputs, settings, seeds or another \
         version of the program; mixing the two would give an output that no run describes. The \
         message names every value that differs. Run again with the old settings, or use --force \
         to discard the partial output.",
    ),
    (
        "SEC-ST-008",
        "Every line of the journal carries a hash of all lines before it. A last line that a kill \
         cut off is dropped without a word; damage before it means that the file was edited or \
         that the disk is failing. Check the disk, then use --force to start again.",
    ),
    (
        "SEC-ST-009",
        "The manifest (secateur.json) is no JSON, or its list of files is missing or unusable. \
         Usual causes are an edit by hand, a broken download, or a file of another program of that \
         name. Fetch the output again, or make it again.",
    ),
    (
        "SEC-ST-010",
        "The manifest that was to be written does not list exactly the files that were written. \
         This is a bug of the program. Please report it.",
    ),
    (
        "SEC-ST-011",
        "A file of the partial output has another length than the resumed run needs, although both \
         are the same run. The file was changed from outside. Use --force to start again.",
    ),
    (
        "SEC-ST-012",
        "The program tried to read or write beyond the end of a file whose length it had fixed \
         before. This is a bug of the program. Please report it.",
    ),
    (
        "SEC-ST-013",
        "Another process holds the lock of this output; the message names it if it left its number. \
         The lock belongs to the kernel and ends with the process, so a leftover lock file does no \
         harm. Wait for the other run, or choose another -o.",
    ),
    (
        "SEC-ST-014",
        "The disk or your quota is full. Space is reserved before a file is written, so this \
         usually shows early. If steps were done, the partial output is kept: free some space and \
         run again with --resume. Otherwise it was removed, and an older output is untouched.",
    ),
    (
        "SEC-ST-015",
        "The system does not allow this: a missing permission or a read-only file system. The \
         directory that holds the output must be writable, since the output is built beside its \
         place. Choose another -o or mend the permissions.",
    ),
    (
        "SEC-ST-016",
        "The directory that should hold the output does not exist, or is a file. It is not created, \
         since a typing error would scatter outputs. Create it with mkdir -p, or correct -o.",
    ),
    (
        "SEC-ST-017",
        "The output directory is a mount point (such as a container volume). An output is moved \
         into place in one step, which a mount point cannot do. Choose a directory inside of it.",
    ),
    (
        "SEC-ST-018",
        "The disk reported an error when written data had to become durable. Nothing that was \
         written since the last step can be trusted, and trying again would hide that. Check the \
         disk and its log, then run again with --resume.",
    ),
    (
        "SEC-ST-019",
        "An earlier write of the same run failed, so the output is not finished. Mend the cause of \
         the first error, then run again with --resume.",
    ),
    (
        "SEC-ST-020",
        "The output is complete and in its place, but something beside it (the replaced output, \
         the journal) could not be removed. Remove it by hand, or let the next run with this output \
         do it.",
    ),
    (
        "SEC-ST-021",
        "The file system reported an error that has no better explanation here: a failing device, \
         a name or path that is too long, a file that vanished, too many open files. The system's \
         own words follow in the message.",
    ),
];

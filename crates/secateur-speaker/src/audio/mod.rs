//! Sound from files and pipes.

//! A folder of games.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secateur::core::{Kind, RunError};
use secateur::go::play::{GameRecord, Rules};
use secateur::store::{Disk, Files, StoreError, write_atomic};

use crate::commands::pages::store;

/// A folder that gets a file of each game as it ends.
pub(super) struct Games {
    folder: PathBuf,
    files: Arc<dyn Files>,
}

impl Games {
    /// Makes the folder. One that is there is to be empty, or with `force` to hold games only,
    /// which go.
    pub(super) fn begin(folder: &Path, force: bool) -> Result<Self, RunError> {
        let failed = |error: std::io::Error| {
            let message = format!("the folder of games cannot be made: {error}");
            RunError::new(Kind::Resources, "SEC-CL-008", message).at(folder)
        };
        let mut found = Vec::new();
        if folder.exists() {
            for entry in std::fs::read_dir(folder).map_err(failed)? {
                found.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
            }
        }
        let is_game = |name: &String| {
            name.starts_with("game-")
                && Path::new(name).extension().is_some_and(|ending| ending == "sgf")
        };
        let path = folder.to_path_buf();
        if !found.iter().all(is_game) {
            let files = found.into_iter().filter(|name| !is_game(name)).collect();
            return Err(store(&StoreError::Foreign { path, files }));
        }
        if !found.is_empty() && !force {
            return Err(store(&StoreError::Exists { path }));
        }
        for name in found {
            std::fs::remove_file(folder.join(name)).map_err(failed)?;
        }
        std::fs::create_dir_all(folder).map_err(failed)?;
        Ok(Self { folder: path, files: Arc::new(Disk) })
    }

    /// Writes a game.
    pub(super) fn write(
        &self,
        game: &GameRecord,
        rules: &Rules,
        names: [&str; 2],
    ) -> Result<(), RunError> {
        let text = game.sgf(rules, names)?;
        let path = self.folder.join(format!("game-{:05}.sgf", game.number + 1));
        write_atomic(&self.files, &path, text.as_bytes()).map_err(|error| store(&error))
    }

    /// The folder, for a person.
    pub(super) fn shown(&self) -> String {
        self.folder.display().to_string()
    }
}

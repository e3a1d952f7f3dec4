//! The folders of the person who runs gpbuild, outside of every project: where what was paid for lives, and
//! where is written what this person decided. Knows where they are, and nothing of what is in them.

use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

/// The folder in a project with what is disposable, and with everything where a person has no folder.
pub const STATE_FOLDER: &str = ".gpbuild";

/// Where this person's things are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Home {
    data: PathBuf,
    config: Option<PathBuf>,
}

impl Home {
    /// The folder that `GPBUILD_HOME` names; else the platform's own for data and for configuration; where
    /// there are none, that of the project in `root`, which then decides nothing for the person.
    pub fn find(named: Option<&Path>, root: &Path) -> Self {
        if let Some(folder) = named {
            // So that it has a folder that it lies in, wherever it is.
            return Self::at(&Path::new(".").join(folder));
        }
        let strategy = choose_app_strategy(AppStrategyArgs {
            top_level_domain: "dev".to_owned(),
            author: "gpbuild".to_owned(),
            app_name: "gpbuild".to_owned(),
        });
        match strategy {
            // A system account may be given a folder that nobody made, and cannot make it.
            Ok(strategy) if etcetera::home_dir().is_ok_and(|home| home.is_dir()) => Self {
                data: strategy.data_dir(),
                config: Some(strategy.config_dir()),
            },
            _ => Self {
                data: root.join(STATE_FOLDER),
                config: None,
            },
        }
    }

    /// Everything in one folder.
    pub fn at(folder: &Path) -> Self {
        Self {
            data: folder.to_path_buf(),
            config: Some(folder.to_path_buf()),
        }
    }

    /// The folder of store and ledger.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The folder of what this person decided; `None` where a person has none.
    pub fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Home;

    #[test]
    fn what_is_named_comes_first() {
        let home = Home::find(Some(Path::new("/x")), Path::new("/project"));
        assert_eq!(home, Home::at(Path::new("/x")));
        let own = Home::find(None, Path::new("/project"));
        assert_ne!(own.data(), Path::new("/x"));
    }
}

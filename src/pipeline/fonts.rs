//! The fonts of a project: the embedded ones and those that `[fonts]` names.

use base::diagnostic::{Diagnostic, Exit, Failure, beginning};
use base::lfs;
use base::path::ProjectPath;
use base::world::World;
use declare::manifest::{Manifest, Tree, is_glob};
use render::Fonts;
use render::MAX_FONT_BYTES;

/// The embedded fonts and the project's own.
pub fn fonts(
    world: &World,
    manifest: &Manifest,
    tree: &Tree,
    problems: &mut Vec<Diagnostic>,
) -> Result<Fonts, Failure> {
    let mut fonts =
        Fonts::embedded().map_err(|e| Failure::new(Exit::Bug, Diagnostic::error(e.to_string())))?;
    for at in &manifest.fonts {
        let wrong = |why: String| Diagnostic::error(why).at(at.place.clone());
        let files = if is_glob(&at.value) {
            tree.glob("", &at.value)
        } else {
            ProjectPath::new(&at.value).map(|path| vec![path])
        };
        match files {
            Ok(files) if files.is_empty() => {
                problems.push(wrong(format!("no file matches `{}`", at.value)));
            }
            Ok(files) => {
                for file in files {
                    let added = world
                        .read(&file, MAX_FONT_BYTES)
                        .map_err(|e| e.to_string())
                        .and_then(|bytes| {
                            if lfs::is_pointer(&bytes) {
                                return Err(format!(
                                    "`{file}` is {}, not the font itself",
                                    lfs::WHAT
                                ));
                            }
                            fonts.add(file.as_str(), bytes).map_err(|e| e.to_string())
                        });
                    problems.extend(added.err().map(|why| {
                        let is_pointer = why.contains(lfs::WHAT);
                        match is_pointer {
                            true => wrong(why).hint(lfs::HINT),
                            false => wrong(why),
                        }
                    }));
                }
            }
            Err(why) => problems.push(wrong(format!("`{}` {why}", beginning(&at.value)))),
        }
    }
    Ok(fonts)
}

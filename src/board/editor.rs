//! Opens a manifest in the person's editor, at a line. The command comes from the environment alone, never from a
//! project; what is opened is one of the project's own manifests. Knows no page.

use std::process::{Command, Stdio};

use crate::pipeline::Project;
use base::path::ProjectPath;

/// The command of an editor: the program, and what it is called with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Editor {
    program: String,
    arguments: Vec<String>,
}

impl Editor {
    /// Reads a command: words, of which the first is the program. `{file}` and `{line}` in it stand for what is opened; a
    /// command without them gets them as its editor is known to take them.
    pub fn new(command: &str) -> Option<Self> {
        let mut words = command.split_whitespace().map(str::to_owned);
        Some(Self {
            program: words.next()?,
            arguments: words.collect(),
        })
    }

    /// What it is called with for a file, at a line from 1.
    fn arguments(&self, file: &str, line: usize) -> Vec<String> {
        let line = line.to_string();
        let is_said = self.arguments.iter().any(|word| word.contains("{file}"));
        let filled = self.arguments.iter().map(|word| {
            // The line first: a file may be called as it likes.
            word.replace("{line}", &line).replace("{file}", file)
        });
        let mut arguments: Vec<String> = filled.collect();
        if is_said {
            return arguments;
        }
        let name = self.program.rsplit(['/', '\\']).next().unwrap_or_default();
        let at = format!("{file}:{line}");
        arguments.extend(match name.strip_suffix(".exe").unwrap_or(name) {
            "code" | "code-insiders" | "codium" | "cursor" | "windsurf" => {
                vec!["--goto".to_owned(), at]
            }
            "zed" | "subl" | "hx" | "helix" => vec![at],
            "idea" | "pycharm" | "webstorm" | "rustrover" | "kate" => {
                vec!["--line".to_owned(), line, file.to_owned()]
            }
            _ => vec![format!("+{line}"), file.to_owned()],
        });
        arguments
    }

    /// Opens a manifest of the project, or says in words why not.
    pub fn open(&self, project: &Project, manifest: &str, line: usize) -> Result<(), String> {
        let is_manifest = project
            .manifest
            .read
            .iter()
            .any(|read| read.as_str() == manifest);
        let path = ProjectPath::new(manifest).ok().filter(|_| is_manifest);
        let path = path.ok_or_else(|| format!("`{manifest}` is no manifest of this project"))?;
        let file = project.world.root().real().join(path.as_str());
        let file = file.to_string_lossy();
        let mut child = Command::new(&self.program)
            .args(self.arguments(&file, line))
            .current_dir(project.world.root().real())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("cannot open `{}`: {e}", self.program))?;
        let waits = std::thread::Builder::new().name("editor".to_owned());
        // So that it leaves nothing behind when it ends.
        let _ = waits.spawn(move || child.wait());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Editor;

    #[test]
    fn each_editor_is_told_the_line_as_it_takes_it() {
        for (command, wanted) in [
            ("vim", "+7 a b.gp.toml"),
            ("/usr/bin/code --wait", "--wait --goto a b.gp.toml:7"),
            ("zed", "a b.gp.toml:7"),
            ("idea", "--line 7 a b.gp.toml"),
            ("my-editor -l {line} -- {file}", "-l 7 -- a b.gp.toml"),
        ] {
            let editor = Editor::new(command).unwrap();
            let arguments = editor.arguments("a b.gp.toml", 7);
            assert_eq!(arguments.join(" "), wanted);
            assert!(arguments.iter().any(|word| word.contains("a b.gp.toml")));
        }
        assert_eq!(Editor::new("  "), None);
    }
}

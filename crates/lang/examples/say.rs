//! Says in Chinese what stands on standard input, a text a line (`\n` for a line break); what it has no words for is marked.
use std::io::BufRead;

fn main() {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let text = line.replace("\\n", "\n");
        let said = gpbuild_lang::say(gpbuild_lang::Lang::Chinese, &text);
        let mark = if said == text { "!! " } else { "   " };
        #[allow(clippy::print_stdout, reason = "an example")]
        {
            println!("{mark}{}", said.replace('\n', "\\n"));
        }
    }
}

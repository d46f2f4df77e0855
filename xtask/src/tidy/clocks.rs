//! No clock and no sleep outside the façades: a core takes the time as an argument.

use super::files::Source;
use super::{Finding, at};

/// What a core may not call.
const CLOCKS: [&str; 3] = ["Instant::now", "SystemTime::now", "thread::sleep"];
/// `Network::new` takes the origin of its virtual time from the real one, and the laws start their runs likewise.
const EXEMPT: [&str; 1] = ["crates/netsim"];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let is_facade = source.path.iter().any(|part| part == "io" || part == "io.rs");
    let is_exempt = EXEMPT.iter().any(|path| source.path.starts_with(path));
    if source.is_test || is_facade || is_exempt || !source.path.starts_with("crates") {
        return Vec::new();
    }
    let code = source
        .code()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let calls = code.filter_map(|line| CLOCKS.iter().find(|clock| line.contains(**clock)));
    calls
        .map(|clock| Finding::Fault(at(&source.path, format_args!("{clock} outside the façade"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> usize {
        check(&Source {
            path: path.into(),
            text: text.into(),
            is_test: false,
        })
        .len()
    }

    #[test]
    fn only_facades_and_tests_have_a_clock() {
        let call = "let now = std::time::Instant::now();\n";
        assert_eq!(faults("crates/ice/src/core/agent.rs", call), 1);
        assert_eq!(faults("crates/ice/src/codec.rs", call), 1);
        assert_eq!(faults("crates/ice/src/io/driver.rs", call), 0);
        assert_eq!(faults("crates/ice/src/io.rs", call), 0);
        assert_eq!(faults("examples/playground/src/main.rs", call), 0);
        assert_eq!(faults("crates/ice/src/core.rs", &format!("// {call}")), 0);
        assert_eq!(
            faults(
                "crates/ice/src/core.rs",
                &format!("\n#[cfg(test)]\nmod tests {{\n{call}}}")
            ),
            0
        );
    }
}

//! What a command does, from the table.

use purekv::resp::command::{Command, Group, Spec};

const USAGE: &str = "\
Type:
  a command and its arguments, in quotes where there are spaces: SET greeting \"good day\\n\"
  N COMMAND            to send a command N times
  help COMMAND         for what a command does, and its arguments
  help @GROUP          for the commands of a group: @string, @generic, @server, …
  TAB                  to complete what is begun
  connect HOST PORT    to go to another server
  clear                to clear the screen
  exit, or Ctrl-D      to leave
";

/// The text for `help` with these words behind it.
pub(crate) fn help(words: &[&str]) -> String {
    if words.is_empty() {
        return USAGE.to_owned();
    }
    let entries: Vec<String> = match words[0].strip_prefix('@') {
        Some(group) => of(|spec| named(spec.group).eq_ignore_ascii_case(group)),
        None => {
            let name = words.join("|");
            let below = format!("{}|", name.to_ascii_lowercase());
            // A container, and what is in it.
            of(|spec| spec.name.eq_ignore_ascii_case(&name) || spec.name.starts_with(&below))
        }
    };
    match entries.is_empty() {
        true => format!("There is no help for \"{}\". Type \"help\".\n", words.join(" ")),
        false => format!("\n{}\n", entries.join("\n")),
    }
}

fn named(group: Group) -> &'static str {
    group.name()
}

fn of(is_wanted: impl Fn(&Spec) -> bool) -> Vec<String> {
    let specs = Command::all().map(Command::spec);
    specs.filter(|spec| is_wanted(spec)).map(entry).collect()
}

fn entry(spec: &Spec) -> String {
    let name = spec.name.replace('|', " ").to_ascii_uppercase();
    let space = if spec.syntax.is_empty() { "" } else { " " };
    let mut text = format!(
        "  {name}{space}{}\n  summary: {}\n  complexity: {}\n  since: Redis {}\n  group: {}\n",
        spec.syntax,
        spec.summary,
        spec.complexity,
        spec.since,
        named(spec.group),
    );
    if let Some((since, instead)) = spec.deprecated {
        text += &format!("  deprecated: since Redis {since}, by {instead}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_the_row_of_the_table() {
        assert_eq!(
            help(&["getex"]),
            "\n  GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]\n  \
            summary: Replies with the value of a key and changes its time-to-live.\n  complexity: O(1)\n  since: Redis 6.2.0\n  group: string\n\n"
        );
        let client = help(&["CLIENT"]);
        assert!(
            client.starts_with("\n  CLIENT subcommand\n") && client.contains("\n  CLIENT ID\n")
        );
        assert!(help(&["client", "id"]).starts_with("\n  CLIENT ID\n  summary: "));
        assert!(help(&["getset"]).contains("\n  deprecated: since Redis 6.2.0, by "));
    }

    #[test]
    fn help_knows_groups_and_what_it_does_not_know() {
        let strings = help(&["@STRING"]);
        assert!(strings.contains("  GETDEL key\n") && !strings.contains("  DEL "));
        assert_eq!(help(&["foo", "bar"]), "There is no help for \"foo bar\". Type \"help\".\n");
        assert!(help(&["@foo"]).starts_with("There is no help"));
        assert!(help(&[]).contains("TAB"));
    }
}

//! Property lists for launchd: the system's, for a daemon that serves the callers of a group, and a
//! user's own.

use std::path::Path;

use super::accounts::Accounts;
use super::plan::{Plan, Step, Unless, words};
use crate::platform::process;

const LABEL: &str = "dev.aivault.daemon";

pub(super) fn system(accounts: &Accounts, program: &Path) -> Plan {
    let (program, socket) = (program.display().to_string(), accounts.socket().display().to_string());
    let shared = format!("--shared={socket}");
    let arguments = [program.as_str(), &shared, "--callers-group", &accounts.group];
    let state = accounts.state.display();
    let account = format!(
        "\
	<key>UserName</key>
	<string>{}</string>
	<key>GroupName</key>
	<string>{}</string>
	<key>EnvironmentVariables</key>
	<dict>
		<key>HOME</key>
		<string>{state}</string>
	</dict>
",
        accounts.user, accounts.group
    );
    let path = Path::new("/Library/LaunchDaemons").join(format!("{LABEL}.plist"));
    let steps = steps(&path, list(&arguments, &account), "system", true);
    Plan { steps, next: Vec::new() }
}

pub(super) fn of_user(home: &Path, program: &Path) -> Plan {
    let program = program.display().to_string();
    let path = home.join("Library/LaunchAgents").join(format!("{LABEL}.plist"));
    let domain = format!("gui/{}", process::effective_uid());
    Plan { steps: steps(&path, list(&[&program], ""), &domain, false), next: Vec::new() }
}

/// Names and paths were checked to hold no character that XML takes for more.
fn list(arguments: &[&str], account: &str) -> String {
    let arguments: String = arguments.iter().map(|one| format!("\t\t<string>{one}</string>\n")).collect();
    format!(
        "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">
<dict>
	<key>Label</key>
	<string>{LABEL}</string>
	<key>ProgramArguments</key>
	<array>
{arguments}	</array>
{account}	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>Umask</key>
	<integer>63</integer>
	<key>HardResourceLimits</key>
	<dict>
		<key>Core</key>
		<integer>0</integer>
	</dict>
	<key>SoftResourceLimits</key>
	<dict>
		<key>Core</key>
		<integer>0</integer>
		<key>NumberOfFiles</key>
		<integer>65536</integer>
	</dict>
	<key>ExitTimeOut</key>
	<integer>90</integer>
	<key>WorkingDirectory</key>
	<string>/</string>
</dict>
</plist>
"
    )
}

fn steps(path: &Path, text: String, domain: &str, needs_root: bool) -> Vec<Step> {
    let (file, service) = (path.display().to_string(), format!("{domain}/{LABEL}"));
    let step = |why: &str, command: &[&str], unless: Unless| {
        let command = words(command);
        if needs_root { Step::as_root(why, command, unless) } else { Step::as_user(why, command, unless) }
    };
    let is_loaded = || words(&["launchctl", "print", &service]);
    vec![
        Step::file(path, text, needs_root),
        step(
            "Has launchd read it",
            &["launchctl", "bootstrap", domain, &file],
            Unless::Succeeds(is_loaded()),
        ),
        step("Starts it now", &["launchctl", "kickstart", &service], Unless::UnchangedAnd(is_loaded())),
    ]
}

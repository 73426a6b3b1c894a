//! Makes `spec/vectors/all.json`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let made = hallpass_spec::all::make().and_then(|text| {
        let path = hallpass_spec::all::path();
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
    });
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

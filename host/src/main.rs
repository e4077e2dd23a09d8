//! The program `stepmill`: everything is in the library.

fn main() -> std::process::ExitCode {
    stepmill::cli::main()
}

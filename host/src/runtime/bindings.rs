//! The contract in `wit/`, as Rust: the only `bindgen!`.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "step-module",
    // Arguments are lent: a value of 100 MB goes into the guest with one copy.
    ownership: Borrowing { duplicate_if_necessary: true },
    imports: { default: trappable },
    exports: { default: async },
    with: {
        "stepmill:step/host.row-reader": crate::runtime::host::rows::RowReader,
        "stepmill:step/host.row-writer": crate::runtime::host::rows::RowWriter,
        "stepmill:step/host.file-reader": crate::runtime::host::files::FileReader,
        "stepmill:step/host.file-writer": crate::runtime::host::files::FileWriter,
    },
});

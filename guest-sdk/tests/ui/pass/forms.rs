//! Forms that a step may have and that are easily got wrong.

use stepmill_sdk as sdk;

mod nested {
    pub mod deep {
        pub use stepmill_sdk::*;
    }
}

#[sdk::step(crate = nested::deep, name = "other")]
fn renamed_sdk(value: Option<sdk::Rows<u32>>, context: &sdk::Context, out: &mut sdk::Writer<u32>) -> sdk::Result<()> {
    let _ = (value, context, out);
    Ok(())
}

#[derive(sdk::Serialize, sdk::Deserialize, sdk::JsonSchema)]
#[stepmill(crate = nested::deep)]
struct Renamed {
    value: u32,
}

#[sdk::step]
#[cfg(any())]
fn not_there(missing: Missing) {}

#[sdk::step]
pub(crate) async fn all_at_once(r#in: Renamed, #[config(default = 1 + 1)] n: u32) -> Result<impl Iterator<Item = u32>, String> {
    Ok(std::iter::repeat_n(r#in.value, n as usize))
}

/// Names of the prelude that the author uses for something else.
#[allow(dead_code)]
mod shadowing {
    enum Shadowing {
        Some,
        None,
        Ok,
        Err,
    }
    use Shadowing::*;

    #[stepmill_sdk::step]
    fn shadowed(#[config] maybe: Option<u32>, #[config(default)] n: u32) -> Result<u32, String> {
        let _ = (Some, None, Ok, Err, maybe);
        Result::Ok(n)
    }
}

fn main() {
    assert_eq!(sdk::testing::call("shadowed").config("n", 2).run::<u32>().unwrap(), 2);
    let numbers = sdk::testing::call("all_at_once").input("in", Renamed { value: 7 }).run::<Vec<u32>>().unwrap();
    assert_eq!(numbers, [7, 7]);
    sdk::testing::call("other").run::<Vec<u32>>().unwrap();
}

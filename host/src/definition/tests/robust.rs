#[test]
fn explore() {
    for text in [
        "",
        "name = \"a\"",
        "[steps.a]\nuse = \"m/s\"",
        "nam = \"x\"\n[steps.a]\nuse=\"m/s\"",
        "name = 3\n[steps.a]\nuse=\"m/s\"",
        "name = \"a\"\nsteps = 3",
        "name = \"a\"\n[[steps]]\nuse=\"m/s\"",
        "name = \"a\"\n[steps.Parse]\nuse=\"m/s\"\n[steps.b]\nuse=\"m/s\"\nneeds=[\"Parse\"]",
        "name = \"a\"\n[steps.a]\nuse = m/s\n[steps.b]\n",
        "name = \"a\n[steps.a]\nuse = \"m/s\"",
        "name = \"a\"\n[steps.a\nuse = \"m/s\"",
        "name = \"a\"\n[steps.a]\nuse = \"m/s\"\nneeds = [\"b\"\n[steps.b]\nuse = \"m/s\"\ntimeout = 30s\nretry = {a=1\nx =\n",
        "name = \"a\"\n[steps.a]\nuse = \"m/s\"\nuse = \"m/t\"\n[steps.a]\nuse = \"m/s\"",
        "name = \"\"\"a",
        "= 3",
        "a.b.c",
        "\u{feff}name = \"a\"\n[steps.a]\nuse = \"m/s\"\n",
        "name = \"a\"\r\n[steps.a]\r\nuse = \"m/s\"\r\nx = \r\n",
        "name = \"a\"\n[steps.a]\nuse = \"m/s\"\ninputs.a = \"a\"\ninputs = { b = \"a\" }",
        "name = \"a\"\n[steps.a]\nuse = \"m/s\"\nconfig = { a = 1, a = 2, b = 99999999999999999999, c = 1e999, d = nan, e = 1979-13-01, f = 07:32, g = 1979-05-27T07:32Z }",
    ] {
        println!("=====\n{text}\n-----");
        match super::parse(text) {
            Ok(p) => println!("OK {:?}", p.steps),
            Err(p) => {
                for d in p.diagnostics() {
                    println!("{}", super::rendered::render(&d));
                }
            }
        }
    }
    for text in [
        "[".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{a = ".repeat(100_000)),
        format!("a{} = 1", ".a".repeat(100_000)),
        format!("a{} = 1", ".a".repeat(70)),
        {
            let k = format!("a{} = {{", ".a".repeat(75));
            format!("{}{}", k.repeat(75), "}".repeat(75))
        },
        {
            let k = format!("a{} = {{", ".a".repeat(78));
            format!("[steps.a.config]\n{}a=1{}", k.repeat(75), "}".repeat(75))
        },
        {
            let k = format!("a{} = {{", ".a".repeat(78));
            format!("[steps.a.config]\n{}a=1{}\n[steps.a.config]\n", k.repeat(75), "}".repeat(75))
        },
    ] {
        let t = std::time::Instant::now();
        let e = super::parse(&text).unwrap_err();
        println!("{} {:?} {} {}", text.len(), t.elapsed(), e.list().len(), e);
    }
    for (text) in [
        "]\n".repeat(32 << 20),
        "a".repeat(1 << 20),
        "a.b = 1\n".repeat(100_000),
        "=\n".repeat(500_000),
        (0..1_000_000).map(|i| format!("k{i} = 1\n")).collect(),
        (0..100_000).map(|i| format!("[steps.s{i}]\nuse = \"m/s\"\ninputs.a = \"x{i}\"\n")).collect(),
    ] {
        let t = std::time::Instant::now();
        let e = super::parse(&text).unwrap_err();
        println!("{} {:?} {} {}", text.len(), t.elapsed(), e.list().len(), e);
    }
}

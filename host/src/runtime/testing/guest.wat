(module
  {imports}
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 65536))
  {others}

  ;; A bump allocator that asks for pages as it goes.
  (func $realloc (export "cabi_realloc") (param $old i32) (param $old_len i32) (param $align i32) (param $len i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get $len)))
    (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
      (then
        (if (i32.eq (i32.const -1)
              (memory.grow (i32.add (i32.const 1)
                (i32.div_u (i32.sub (global.get $next) (i32.mul (memory.size) (i32.const 65536))) (i32.const 65536)))))
          (then (unreachable)))))
    (local.get $at))

  ;; result<output, step-error>::ok(output::value(bytes))
  (func $ok (param $at i32) (param $len i32) (result i32)
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store8 (i32.const 1032) (i32.const 0))
    (i32.store (i32.const 1036) (local.get $at))
    (i32.store (i32.const 1040) (local.get $len))
    (i32.const 1024))

  ;; result<output, step-error>::ok(output::rows)
  (func $rows (result i32)
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store8 (i32.const 1032) (i32.const 1))
    (i32.const 1024))

  ;; One step called `run`, without parameters, returning a value. step-info: name, description, parameters, output
  ;; (form, schema) = 8 + 8 + 8 + 4 + 8 bytes.
  (data (i32.const 2048) "run\00\00\00\00\00true")
  (func $step (param $at i32)
    (i32.store (local.get $at) (i32.const 2048))
    (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const 3))
    (i32.store (i32.add (local.get $at) (i32.const 28)) (i32.const 2056))
    (i32.store (i32.add (local.get $at) (i32.const 32)) (i32.const 4)))
  (func $list (param $count i32) (result i32)
    (i32.store (i32.const 1536) (i32.const 4096))
    (i32.store (i32.const 1540) (local.get $count))
    (i32.const 1536))
  (func $describe (result i32)
    (call $step (i32.const 4096))
    (call $list (i32.const 1)))

  (func (export "stepmill:step/steps@0.1.0#describe") (result i32)
    {describe})
  (func (export "stepmill:step/steps@0.1.0#run")
    (param $step i32) (param $step_len i32) (param $args i32) (param $args_len i32) (result i32)
    {run})
)

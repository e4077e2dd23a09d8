;; What the programs in text form have in common; the words in `@` stand for their parts.
(component
  (import "stepmill:step/host@0.1.0" (instance $host
    (export "row-reader" (type $row-reader (sub resource)))
    (type $level-t (enum "trace" "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $level-t)))
    (export "log" (func (param "level" $level) (param "message" string)))))

  ;; The memory, in a module of its own: functions of the host need it before `main` exists.
  (core module $libc
    (memory (export "memory") 2)
    (global $next (export "next") (mut i32) (i32.const 65536))
    (func $realloc (export "cabi_realloc") (param $old i32) (param $old_len i32) (param $align i32) (param $len i32) (result i32)
      @realloc@))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "cabi_realloc" (core func $realloc))
  (core func $log (canon lower (func $host "log") (memory $memory)))
  @component@

  (core module $main
    (import "libc" "memory" (memory 2))
    (import "host" "log" (func $log (param i32 i32 i32)))
    @core@

    ;; result<output, step-error>::ok(output::value(bytes))
    (func $ok (param $at i32) (param $len i32) (result i32)
      (i32.store8 (i32.const 1024) (i32.const 0))
      (i32.store8 (i32.const 1032) (i32.const 0))
      (i32.store (i32.const 1036) (local.get $at))
      (i32.store (i32.const 1040) (local.get $len))
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

    (func (export "describe") (result i32)
      @describe@)
    (func (export "after") (param i32)
      @after@)
    (func (export "run")
      (param $step i32) (param $step_len i32) (param $args i32) (param $args_len i32) (result i32)
      @run@))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    @with@
    (with "host" (instance (export "log" (func $log))))))

  ;; What an exported function mentions must have a name that is exported too.
  (alias export $host "row-reader" (type $row-reader))
  (type $form-t (enum "value" "rows"))
  (export $form "form" (type $form-t))
  (type $role-t (enum "input" "config"))
  (export $role "role" (type $role-t))
  (type $parameter-t (record (field "name" string) (field "description" string) (field "role" $role) (field "form" $form)
    (field "optional" bool) (field "default" (option string)) (field "schema" string)))
  (export $parameter "parameter" (type $parameter-t))
  (type $output-info-t (record (field "form" $form) (field "schema" string)))
  (export $output-info "output-info" (type $output-info-t))
  (type $step-info-t (record (field "name" string) (field "description" string) (field "parameters" (list $parameter))
    (field "output" $output-info)))
  (export $step-info "step-info" (type $step-info-t))
  (type $location-t (record (field "parameter" string) (field "path" string)))
  (export $location "location" (type $location-t))
  (type $error-kind-t (variant (case "failed") (case "permanent") (case "retry-after" u64) (case "unknown-step")
    (case "invalid-input" $location) (case "invalid-output" $location)))
  (export $error-kind "error-kind" (type $error-kind-t))
  (type $step-error-t (record (field "kind" $error-kind) (field "message" string) (field "causes" (list string))))
  (export $step-error "step-error" (type $step-error-t))
  (type $content-t (variant (case "value" (list u8)) (case "rows" (own $row-reader))))
  (export $content "content" (type $content-t))
  (type $argument-t (record (field "name" string) (field "content" $content)))
  (export $argument "argument" (type $argument-t))
  (type $output-t (variant (case "value" (list u8)) (case "rows")))
  (export $output "output" (type $output-t))

  (func $describe (result (list $step-info)) (canon lift (core func $main "describe") (memory $memory)))
  (func $run (param "step" string) (param "arguments" (list $argument)) (result (result $output (error $step-error)))
    (canon lift (core func $main "run") (memory $memory) (realloc $realloc) (post-return (func $main "after"))))
  (instance $steps (export "describe" (func $describe)) (export "run" (func $run)))
  (export "stepmill:step/steps@0.1.0" (instance $steps)))

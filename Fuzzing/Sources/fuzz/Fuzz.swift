import Glibc

// `main` is libFuzzer's. It calls the two functions below by their C names:
//
//   fuzz [option ...] [folder of seeds ...]
//
// with the name of the target in the environment, as libFuzzer takes every word for itself.

private let target: FuzzTarget? = {
  let name = getenv("DEPTHVLA_FUZZ_TARGET").map { String(cString: $0) }
  return FuzzTarget.all.first { $0.name == name }
}()

@_cdecl("LLVMFuzzerInitialize")
func initialize(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer
) -> CInt {
  guard target == nil else { return 0 }
  for target in FuzzTarget.all { print(target.name) }
  exit(0)
}

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target?.run([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

import ArgumentParser
import Diagnostics
import Glibc
import StrictJSON
import TensorCore
import TensorMath

/// Times forward passes of published size; `Benchmarks/forward` runs it beside PyTorch.
@main
struct ForwardBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forward-benchmark",
    abstract: "Times one forward pass and prints a JSON line: milliseconds of each run, peak bytes."
  )

  @Argument var workload: Workload
  @Option(help: "f32, bf16 or int8: how the weights are stored.") var precision = "f32"
  @Option var threads = 1
  @Option(help: "Timed runs, after one that is not.") var runs = 5

  func run() throws {
    let dtypes: [String: DType] = ["f32": .f32, "bf16": .bf16, "int8": .i8]
    guard let dtype = dtypes[precision] else {
      throw ValidationError("--precision \(precision): expected f32, bf16 or int8")
    }
    let pass = try workload.prepare(dtype: dtype, on: Compute(threads: threads))
    try pass()
    let clock = ContinuousClock()
    var times: [JSONValue] = []
    for _ in 0..<runs {
      let time = try clock.measure { try pass() }
      times.append(.number(time / .milliseconds(1)))
    }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let result: JSONValue = [
      "milliseconds": .array(times), "peak_bytes": .integer(Int64(usage.ru_maxrss) * 1024),
    ]
    print(result.encoded())
  }
}

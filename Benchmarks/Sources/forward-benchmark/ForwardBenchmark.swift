import ArgumentParser
import DVLADiagnostics
import Glibc
import DVLAJSON
import DVLATensors
import DVLATensorMath

/// Times forward passes of published size; `Benchmarks/forward` runs it beside PyTorch.
@main
struct ForwardBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forward-benchmark",
    abstract: "Times one forward pass and prints a JSON line: milliseconds of each run, those of the processor, "
      + "peak bytes."
  )

  @Argument var workload: Workload
  @Option(help: "f32, bf16 or int8: how the weights are stored.") var precision = "f32"
  @Option(help: "exact or native: how products with the weights are computed.")
  var products = ProductPrecision.exact
  @Option var threads = 1
  @Option(help: "Timed runs, after one that is not.") var runs = 5

  func run() throws {
    let dtypes: [String: DType] = ["f32": .f32, "bf16": .bf16, "int8": .i8]
    guard let dtype = dtypes[precision] else {
      throw ValidationError("--precision \(precision): expected f32, bf16 or int8")
    }
    let pass = try workload.prepare(
      dtype: dtype, products: products, on: Compute(threads: threads))
    try pass()
    let clock = ContinuousClock()
    var times: [JSONValue] = []
    var processorTimes: [JSONValue] = []
    for _ in 0..<runs {
      let before = Self.processorMilliseconds
      let time = try clock.measure { try pass() }
      times.append(.number(time / .milliseconds(1)))
      processorTimes.append(.number(Self.processorMilliseconds - before))
    }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let result: JSONValue = [
      "milliseconds": .array(times), "cpu_milliseconds": .array(processorTimes),
      "peak_bytes": .integer(Int64(usage.ru_maxrss) * 1024),
    ]
    print(result.encoded())
  }

  /// What all threads have computed so far: other processes do not count.
  private static var processorMilliseconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
  }
}

extension ProductPrecision: @retroactive ExpressibleByArgument {}

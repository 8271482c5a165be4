import ArgumentParser
import DVLABundles
import DVLATensors

/// Opens a bundle, and loads all of its tensors one after the other, as a runtime does.
@main
struct LoadBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load-benchmark",
    abstract: "Opens a bundle and loads every tensor, checked; Benchmarks/full-size times it.")

  @Argument var bundle: String
  @Option var threads = 1
  @Flag(help: "Only opens it.") var open = false
  @Flag(help: "Keeps all tensors, as a model does, instead of one at a time.") var keep = false
  @Flag(help: "Holds chunks against SHA-256 instead of XXH3.") var digest = false

  func run() throws {
    let clock = ContinuousClock()
    let start = clock.now
    let bundle = try WeightBundle(path: bundle, check: digest ? .digest : .checksum)
    print("opened in \(clock.now - start)")
    if open { return }
    var byteCount = 0
    var kept: [TensorBytes] = []
    try bundle.load(threads: threads) { _, bytes in
      byteCount += bytes.byteCount
      if keep { kept.append(bytes) }
    }
    print("\(byteCount) bytes loaded in \(clock.now - start)")
    withExtendedLifetime(kept) {}
  }
}

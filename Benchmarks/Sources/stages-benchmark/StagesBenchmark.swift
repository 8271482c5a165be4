import ArgumentParser
import Glibc
import DVLAKernels
import DVLAParallelism
import DVLAQuantization
import DVLAJSON
import DVLATensors

/// Times our stages beside memcpy.
@main
struct StagesBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stages-benchmark",
    abstract: "Times the stages of converting and loading beside memcpy, in turn, and prints ratios.")

  @Option(help: "Bytes of the float32 weights, in MiB.") var mebibytes = 128
  @Option(help: "A file of little-endian float32 weights to use instead of drawn ones.")
  var data: String?
  @Option(help: "Time of one measurement, in seconds.") var seconds = 1.0
  @Option(parsing: .upToNextOption, help: "Numbers of threads.") var threads = [1, 2]
  @Option(help: "Only stages whose name and data contain this.") var only = ""
  @Flag(help: "A JSON line for each measurement instead of a table.") var json = false

  func run() throws {
    let weights =
      if let data { try WeightData(path: data) } else { WeightData(byteCount: mebibytes << 20) }
    let folder = try temporaryFolder()
    defer { removeFolder(folder) }
    let stages = try KernelStages.all(weights)
      + BundleStages.all(weights, int8: try quantized(weights), in: folder)
    let copies = try Copies(byteCount: weights.f32.count)
    if !json {
      print("kernels: \(InstructionSet.best.rawValue); \(weights.f32.count >> 20) MiB of float32 weights\n")
      print("| stage | data | threads | GB/s | least to greatest | beside | ratio | smaller by | entropy |")
      print("|---|---|---|---|---|---|---|---|---|")
    }
    for count in threads {
      let team = ThreadTeam(threads: count)
      for stage in stages where only.isEmpty || "\(stage.name) \(stage.data)".contains(only) {
        let measured = try Measurement.take(
          seconds: seconds, threads: count, byteCount: stage.byteCount, { try stage.run(team) },
          peerByteCount: stage.byteCount,
          peer: { try copies.run(stage.peer, stage.byteCount, team) })
        print(json ? line(stage, count, measured) : row(stage, count, measured))
        fflush(nil)
      }
    }
  }

  /// The weights as INT8 values, per channel.
  private func quantized(_ weights: WeightData) throws -> [UInt8] {
    let rows = weights.bf16.count / 2 / WeightData.columns
    let quantizer = try Int8Quantizer(
      tensor: "w", shape: [rows, WeightData.columns],
      scheme: Int8Scheme(.channel, scale: .absoluteMaximum))
    var scales = [UInt8](repeating: 0, count: rows * 2)
    var values = [UInt8](repeating: 0, count: rows * WeightData.columns)
    var errors = ErrorSums()
    var scaleSpan = scales.mutableSpan
    var valueSpan = values.mutableSpan
    var scaleBytes = scaleSpan.mutableBytes
    var valueBytes = valueSpan.mutableBytes
    try quantizer.quantize(
      weights.bf16.span.bytes, of: .bf16, firstRow: 0, values: &valueBytes, scales: &scaleBytes,
      errors: &errors)
    return values
  }

  private func row(_ stage: Stage, _ threads: Int, _ m: Measurement) -> String {
    let cells = [
      stage.name, stage.data, "\(threads)", digits(m.rate / 1e9, 2),
      "\(digits(m.rates[0] / 1e9, 2)) to \(digits(m.rates[4] / 1e9, 2))", stage.peer.rawValue,
      digits(m.ratio, 2),
      stage.compression.map { digits($0, 4) } ?? "", stage.entropyLimit.map { digits($0, 4) } ?? "",
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  private func line(_ stage: Stage, _ threads: Int, _ m: Measurement) -> String {
    let value: JSONValue = [
      "stage": .string(stage.name), "data": .string(stage.data), "threads": .integer(Int64(threads)),
      "bytes_per_second": .array(m.rates.map { .number($0) }), "beside": .string(stage.peer.rawValue),
      "ratios": .array(m.ratios.map { .number($0) }),
      "compression": stage.compression.map { .number($0) } ?? .null,
    ]
    return value.encoded()
  }

  private func digits(_ value: Double, _ count: Int) -> String {
    let unit = pow(10, Double(count))
    let text = "\((value * unit).rounded() / unit)"
    let after = text.split(separator: ".").last?.count ?? 0
    return text + String(repeating: "0", count: max(0, count - after))
  }

  private func temporaryFolder() throws -> String {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/depthvla-benchmark.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw ValidationError("no temporary folder in \(base)") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func removeFolder(_ path: String) {
    guard let folder = opendir(path) else { return }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      unlink("\(path)/\(name)")
    }
    closedir(folder)
    rmdir(path)
  }
}

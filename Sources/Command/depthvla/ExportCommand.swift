import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLATensors
import DepthVLAWeights

/// `depthvla export`.
struct ExportCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Turn a bundle back into a checkpoint that the upstream library loads.",
    usage: "depthvla export <bundle> --naming <naming> -o <folder> [<options>]",
    discussion: """
      Examples:
        depthvla export robot.dvla.safetensors --family paligemma \\
          --naming hub -o paligemma
        depthvla export dinov2.dvla.safetensors --naming source -o as-it-came

      --naming source restores the naming, types, tied tensors and files of the original \
      checkpoint. INT8 tensors are written as INT8 if the library reads them (PaliGemma in \
      hub naming), and as dequantized floats otherwise. Tokenizer, preprocessor settings and \
      statistics get their original names.
      """)

  @Argument(help: "The bundle.")
  var bundle: String

  @OptionGroup(title: "Checkpoint") var checkpoint: CheckpointOptions
  @OptionGroup(title: "Trust") var trust: TrustOptions
  @OptionGroup var output: OutputOptions

  /// The checkpoint that is written.
  struct CheckpointOptions: ParsableArguments {
    @Option(help: "A naming of the family, such as hub or original, or source.")
    var naming: String

    @Option(
      name: [.customShort("o"), .customLong("output")],
      help: ArgumentHelp("The folder to write.", valueName: "folder"))
    var target: String

    @Option(help: "The part of a composite to export, such as paligemma or dinov2.")
    var family: String?

    @Option(help: "The type of all float tensors (default: as in the bundle).")
    var dtype: FloatType?

    @Flag(help: "Write INT8 tensors as dequantized floats.")
    var dequantize = false

    @Option(
      help: ArgumentHelp("The maximum number of tensor bytes in one shard.", valueName: "bytes"))
    var shardSize = 5_000_000_000

    @Flag(help: "Replace the folder if it exists.")
    var force = false

    func validate() throws {
      if naming == "source", dtype != nil {
        throw ValidationError("--dtype and --naming source exclude each other")
      }
      if shardSize < 1 { throw ValidationError("--shard-size \(shardSize): expected at least 1") }
    }
  }

  enum FloatType: String, ExpressibleByArgument, CaseIterable {
    case f32, bf16, f16

    var dtype: DType {
      switch self {
      case .f32: .f32
      case .bf16: .bf16
      case .f16: .f16
      }
    }
  }

  func run() throws {
    try InputsOfCommand(trust.inputs(ofBundle: bundle) + output.manifests)
      .protect(from: [checkpoint.target], replacingFolders: true)
    let library = try output.library()
    var options = ExportOptions(naming: checkpoint.naming)
    options.family = checkpoint.family
    options.dtype = checkpoint.dtype?.dtype
    options.dequantizes = checkpoint.dequantize
    options.shardByteCount = checkpoint.shardSize
    options.overwrite = checkpoint.force
    options.threads = output.threadCount
    let line = output.progress()
    defer { line?.finish() }
    let opened = try WeightBundle(
      path: bundle, trust: try trust.policy(), signatureFile: trust.signature)
    let result = try Exporter(opened, library: library, options: options)
      .write(to: checkpoint.target) { line?.update($0) }
    line?.finish()
    try output.write(json(result), words: words(result))
  }

  private func words(_ result: ExportResult) -> String {
    let tensors = result.files.reduce(0) { $0 + $1.tensorCount }
    var text = "\(checkpoint.target.escapedForTerminal): \(result.family.escapedForTerminal) in "
    text += "\(result.naming.escapedForTerminal) naming, "
    text += "\(tensors) tensors\n"
    for file in result.files {
      text += "  \(Units.bytes(file.byteCount).leftPadded(9))  \(file.name.escapedForTerminal)\n"
    }
    for file in result.assets {
      text += "  \(Units.bytes(file.byteCount).leftPadded(9))  \(file.name.escapedForTerminal)\n"
    }
    if result.int8Count > 0 {
      text += "  \(result.int8Count) tensors as INT8 for compressed-tensors\n"
    }
    for note in result.notes { text += "  \(note.escapedMessage)\n" }
    return text
  }

  private func json(_ result: ExportResult) -> JSONValue {
    [
      "path": .string(checkpoint.target), "family": .string(result.family),
      "naming": .string(result.naming),
      "files": .array(
        result.files.map {
          [
            "name": .string($0.name), "bytes": .integer(Int64($0.byteCount)),
            "tensors": .integer(Int64($0.tensorCount)),
          ]
        }),
      "assets": .array(
        result.assets.map {
          ["name": .string($0.name), "bytes": .integer(Int64($0.byteCount))]
        }),
      "int8": .integer(Int64(result.int8Count)),
      "dequantized": .integer(Int64(result.dequantizedCount)),
      "notes": .array(result.notes.map { .string($0) }),
    ]
  }
}

import ArgumentParser
import DepthVLAWeights
import Diagnostics
import Hashing
import Images
import StrictJSON

/// `depthvla run`.
struct RunCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a bundle: the depth of a picture, or of a folder of pictures.",
    discussion: """
      Examples:
        depthvla run depth.dvla.safetensors --image kitchen.jpg -o kitchen-depth.png
        depthvla run depth.dvla.safetensors --image photos --png16 labels --raw values

      Takes a bundle of Depth Anything V2. A picture makes files of its own size; a folder of \
      .png, .jpg and .jpeg files makes folders, with the pictures' names. 16-bit values of a \
      relative model are stretched from its least depth to its greatest; of a metric model they \
      are millimetres, or 1/256 m where it sees further than 65 m.
      """)

  @Argument(help: "The bundle.")
  var bundle: String

  @Option(help: ArgumentHelp("A PNG or JPEG file, or a folder of them.", valueName: "path"))
  var image: String

  @Option(
    name: [.customShort("o"), .customLong("picture")],
    help: ArgumentHelp("Write the depth in colours, as 8-bit PNG.", valueName: "path"))
  var picture: String?

  @Option(help: ArgumentHelp("Write the depth as 16-bit grey PNG.", valueName: "path"))
  var png16: String?

  @Option(help: ArgumentHelp("Write the depth as float32, in NumPy's .npy.", valueName: "path"))
  var raw: String?

  @Option(help: "The colours of the picture: spectral, as Depth Anything's own, or grey.")
  var colours: Colours = .spectral

  @Option(
    help: ArgumentHelp(
      "The size that pictures are scaled to before the model sees them, their aspect ratio kept "
        + "(default: what the model was trained for).", valueName: "pixels"))
  var inputSize: Int?

  @Flag(help: "Leave out pictures of a folder that cannot be read, and list them.")
  var skipDamaged = false

  @Flag(help: "Replace outputs that exist.")
  var force = false

  @OptionGroup var output: OutputOptions

  enum Colours: String, ExpressibleByArgument, CaseIterable {
    case spectral, grey

    var map: ColourMap {
      switch self {
      case .spectral: .spectralReversed
      case .grey: .grey
      }
    }
  }

  private var outputs: [DepthOutput] {
    [
      picture.map { DepthOutput(.picture(colours.map), path: $0) },
      png16.map { DepthOutput(.grey16, path: $0) },
      raw.map { DepthOutput(.raw, path: $0) },
    ].compactMap(\.self)
  }

  func validate() throws {
    if outputs.isEmpty { throw ValidationError("expected -o, --png16 or --raw") }
    if let inputSize, !(1...8192).contains(inputSize) {
      throw ValidationError("--input-size \(inputSize): expected 1 to 8192")
    }
  }

  func run() throws {
    var options = DepthRun.Options()
    options.inputSize = inputSize
    options.skipsDamaged = skipDamaged
    options.overwrite = force
    options.threads = output.threadCount
    let line = output.progress()
    defer { line?.finish() }
    let run = try DepthRun(bundle, images: image, outputs: outputs, options: options) {
      line?.update("depth", done: $0, of: $1, noun: "pictures")
    }
    line?.finish()
    try output.write(json(run), words: words(run))
  }

  private func words(_ run: DepthRun) -> String {
    var text = ""
    for picture in run.pictures {
      text +=
        "\(picture.path.escapedForTerminal): \(picture.size.width) x \(picture.size.height) pixels, depth "
      text +=
        "\(Units.fixed(Double(picture.minimum), 3)) to \(Units.fixed(Double(picture.maximum), 3))"
      text += run.stepsPerMetre == nil ? " (relative, larger is nearer)\n" : " m\n"
      for path in picture.outputs { text += "  wrote \(path.escapedForTerminal)\n" }
    }
    for error in run.skipped { text += "left out \(error)\n" }
    if let steps = run.stepsPerMetre, png16 != nil {
      text += "16-bit values: \(steps) to a metre\n"
    }
    let timing = run.timing
    text += "load \(Units.fixed(timing.load, 2)) s, read \(Units.fixed(timing.read, 2)) s, compute "
    text += "\(Units.fixed(timing.compute, 2)) s, write \(Units.fixed(timing.write, 2)) s\n"
    return text
  }

  private func json(_ run: DepthRun) -> JSONValue {
    [
      "bundle": .string(bundle),
      "family": "depth-anything-v2",
      "root": .string(run.root.hex),
      "meaning": run.stepsPerMetre == nil ? "relative" : "metres",
      "png16_steps_per_metre": run.stepsPerMetre.map { .integer(Int64($0)) } ?? .null,
      "images": .array(
        run.pictures.map { picture in
          [
            "path": .string(picture.path),
            "height": .integer(Int64(picture.size.height)),
            "width": .integer(Int64(picture.size.width)),
            "processed_height": .integer(Int64(picture.processedSize.height)),
            "processed_width": .integer(Int64(picture.processedSize.width)),
            "minimum": .number(Double(picture.minimum)),
            "maximum": .number(Double(picture.maximum)),
            "outputs": .array(picture.outputs.map(JSONValue.string)),
          ]
        }),
      "left_out": .array(run.skipped.map { .string($0.description) }),
      "seconds": [
        "load": .number(run.timing.load), "read": .number(run.timing.read),
        "compute": .number(run.timing.compute), "write": .number(run.timing.write),
      ],
    ]
  }
}

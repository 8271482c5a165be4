import ArgumentParser
import DVLAImages
import DepthVLAWeights

/// How depth maps are made and written.
struct DepthOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .customLong("picture")],
    help: ArgumentHelp("Write the depth in colours, as 8-bit PNG.", valueName: "path"))
  var picture: String?

  @Option(help: ArgumentHelp("Write the depth as 16-bit grey PNG.", valueName: "path"))
  var png16: String?

  @Option(help: ArgumentHelp("Write the depth as float32, in NumPy's .npy.", valueName: "path"))
  var raw: String?

  @Option(help: "The colours of the picture. Spectral is Depth Anything's own colour map.")
  var colours: Colours = .spectral

  @Option(
    help: ArgumentHelp(
      """
      Depth Anything: the size to which pictures are scaled for the model. The aspect ratio is \
      kept (default: the size the model was trained for).
      """, valueName: "pixels"))
  var inputSize: Int?

  @Flag(
    help: "Depth Anything: skip pictures of a folder that cannot be read, and list them.")
  var skipDamaged = false

  enum Colours: String, ExpressibleByArgument, CaseIterable {
    case spectral, grey

    var map: ColourMap {
      switch self {
      case .spectral: .spectralReversed
      case .grey: .grey
      }
    }
  }

  var outputs: [DepthOutput] {
    [
      picture.map { DepthOutput(.picture(colours.map), path: $0) },
      png16.map { DepthOutput(.grey16, path: $0) },
      raw.map { DepthOutput(.raw, path: $0) },
    ].compactMap(\.self)
  }

  /// The first option that was given.
  var first: String? {
    picture != nil
      ? "-o" : png16 != nil ? "--png16" : raw != nil ? "--raw" : firstOfDepthAnythingAlone
  }

  /// The first option that was given and that policies do not have.
  var firstOfDepthAnythingAlone: String? {
    inputSize != nil ? "--input-size" : skipDamaged ? "--skip-damaged" : nil
  }

  func validate() throws {
    if let inputSize, !(1...8192).contains(inputSize) {
      throw ValidationError("--input-size \(inputSize): expected 1 to 8192")
    }
  }
}

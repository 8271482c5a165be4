import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLARemapping
import DVLARobots
import DepthVLAWeights

/// The files that travel with the tensors of a bundle.
struct AssetOptions: ParsableArguments {
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      A tokenizer file to pack in place of those beside the weights. Repeat it for several files.
      """, valueName: "[family=]file"))
  var tokenizer: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Preprocessor settings, likewise. With several sources, name the family.",
      valueName: "[family=]file"))
  var preprocessor: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Statistics that normalise states and actions, likewise.", valueName: "[family=]file"))
  var statistics: [String] = []

  // A list, since of an option that takes one value the last would win in silence.
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      The robot of a policy: a JSON file, or \(Robot.presetNames.joined(separator: ", ")). A file \
      that has a preset's name is given as ./NAME.
      """, valueName: "file-or-name"))
  var robot: [String] = []

  @Flag(help: "Pack tensors only.")
  var noAssets = false

  func validate() throws {
    if noAssets, !(tokenizer + preprocessor + statistics + robot).isEmpty {
      throw ValidationError(
        "--no-assets excludes --tokenizer, --preprocessor, --statistics and --robot")
    }
  }

  /// - Throws: `command.usage` for a family that does not exist.
  func choice(_ library: ManifestLibrary) throws(WeightsError) -> AssetChoice {
    var choice = AssetChoice()
    choice.takesFound = !noAssets
    guard robot.count <= 1 else {
      throw WeightsError(.commandUsage, .usage, "--robot is given \(robot.count) times")
    }
    choice.robot = robot.first
    let roles: [(BundleAsset.Role, String, [String])] = [
      (.tokenizer, "--tokenizer", tokenizer), (.preprocessor, "--preprocessor", preprocessor),
      (.statistics, "--statistics", statistics),
    ]
    for (role, option, texts) in roles {
      for text in texts {
        let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
        // A path may have the sign too.
        if sides.count == 2, library.families.contains(sides[0]) {
          choice.given.append(AssetChoice.Given(role: role, family: sides[0], path: sides[1]))
        } else {
          if sides.count == 2, sides[0].isWord, !Self.exists(text) {
            throw WeightsError(
              .commandUsage, .usage,
              "\(option) \(text.quoted): no family is called \(sides[0].quoted), expected one of "
                + library.families.sorted().joined(separator: ", "))
          }
          choice.given.append(AssetChoice.Given(role: role, family: nil, path: text))
        }
      }
    }
    return choice
  }

  static func exists(_ path: String) -> Bool {
    do throws(WeightsError) {
      _ = try InputFolder.isFolder(path)
      return true
    } catch { return error.code != .fileNotFound }
  }
}

extension String {
  /// Whether it has the form of a family's name rather than that of a path.
  var isWord: Bool {
    !isEmpty
      && utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
          || [UInt8(ascii: "-"), UInt8(ascii: "_")].contains(byte)
      }
  }
}

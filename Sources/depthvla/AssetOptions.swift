import ArgumentParser
import BundleFormat
import DepthVLAWeights
import Diagnostics
import Remapping

/// The files that travel with the tensors of a bundle.
struct AssetOptions: ParsableArguments {
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      A tokenizer file to take along in place of those beside the weights; several for several \
      files.
      """, valueName: "[family=]file"))
  var tokenizer: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Likewise, a preprocessor's settings. With several sources, say whose.",
      valueName: "[family=]file"))
  var preprocessor: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Likewise, statistics that normalise states and actions.", valueName: "[family=]file"))
  var statistics: [String] = []

  @Flag(help: "Take no files along, only tensors.")
  var noAssets = false

  func validate() throws {
    if noAssets, !(tokenizer + preprocessor + statistics).isEmpty {
      throw ValidationError("--no-assets excludes --tokenizer, --preprocessor and --statistics")
    }
  }

  func choice(_ library: ManifestLibrary) -> AssetChoice {
    var choice = AssetChoice()
    choice.takesFound = !noAssets
    let roles: [(BundleAsset.Role, [String])] = [
      (.tokenizer, tokenizer), (.preprocessor, preprocessor), (.statistics, statistics),
    ]
    for (role, texts) in roles {
      for text in texts {
        let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
        // A path may have the sign too.
        if sides.count == 2, library.families.contains(sides[0]) {
          choice.given.append(AssetChoice.Given(role: role, family: sides[0], path: sides[1]))
        } else {
          choice.given.append(AssetChoice.Given(role: role, family: nil, path: text))
        }
      }
    }
    return choice
  }
}

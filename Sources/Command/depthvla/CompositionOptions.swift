import ArgumentParser
import DVLADiagnostics
import DVLAFamilies

/// Which of several sources a part of the bundle comes from, and what happens without one.
struct CompositionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Which source gives the depth encoder if both --depth-anything and --dinov2 are given.",
      valueName: "source"))
  var depthEncoder: DepthEncoder?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      The source of a component that several sources have, such as vlm=pi0. \
      Components: vlm, dinov2, depth-expert, action, dpt.
      """,
      valueName: "component=family"))
  var take: [String] = []

  @Option(
    help: ArgumentHelp(
      "Draw tensors that no source has at random from this seed. Without it they are an error.",
      valueName: "seed"))
  var initMissing: UInt64?

  @Flag(help: "Refuse an unknown key in the documents beside the weights. Use it for releases.")
  var strict = false

  enum DepthEncoder: String, ExpressibleByArgument, CaseIterable {
    case depthAnything = "depth-anything"
    case dinov2
  }

  /// The family by component.
  ///
  /// - Throws: `command.usage` for text of another form, and for a component that is named twice.
  func choices() throws(WeightsError) -> [String: String] {
    var choices: [String: String] = [:]
    if let depthEncoder {
      choices["dinov2"] = (depthEncoder == .dinov2 ? Family.dinov2 : .depthAnythingV2).rawValue
    }
    for text in take {
      let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard sides.count == 2 else {
        throw WeightsError(
          .commandUsage, .usage, "--take \(text.quoted): expected COMPONENT=FAMILY")
      }
      guard choices.updateValue(sides[1], forKey: sides[0]) == nil else {
        throw WeightsError(
          .commandUsage, .usage,
          sides[0] == "dinov2" && depthEncoder != nil
            ? "--take \(text.quoted): --depth-encoder already chooses the source of \"dinov2\""
            : "--take gives component \(sides[0].quoted) twice")
      }
    }
    return choices
  }
}

import ArgumentParser
import DVLADiagnostics
import DVLAJSON
import DVLARemapping
import DepthVLAWeights

/// A `config.json` from elsewhere than beside the weights.
struct ConfigOptions: ParsableArguments {
  @Option(
    name: .customLong("config"), parsing: .singleValue,
    help: ArgumentHelp(
      """
      A config.json to use in place of the one beside the weights. With several sources, name the \
      family.
      """, valueName: "[family=]file"))
  var texts: [String] = []

  /// A path and its content.
  typealias Given = (path: String, value: JSONValue)

  /// - Parameter families: those that have a source.
  /// - Returns: by the family of the source.
  /// - Throws: `command.usage` where it is not clear whose a file is; `file.*`, `json.*`.
  func read(
    for families: [String], library: ManifestLibrary
  ) throws(WeightsError) -> [String: Given] {
    var given: [String: Given] = [:]
    for text in texts {
      let sides = Self.sides(text, library.families)
      if sides == nil { try refuseUnknownFamily(text, library.families) }
      let path = sides?.path ?? text
      let value: JSONValue
      do throws(WeightsError) { value = try UserDocument.json(of: path) } catch {
        throw error.inFile(path)
      }
      guard let family = sides?.family ?? (families.count == 1 ? families.first : nil) else {
        throw WeightsError(
          .commandUsage, .usage,
          "--config \(text.quoted): expected FAMILY=FILE, as there are several sources: "
            + families.joined(separator: ", "))
      }
      guard families.contains(family) else {
        throw WeightsError(
          .commandUsage, .usage,
          "--config \(text.quoted): no source is of family \(family), expected one of "
            + families.joined(separator: ", "))
      }
      guard given[family] == nil else {
        throw WeightsError(
          .commandUsage, .usage, "--config is given twice for the source of family \(family)")
      }
      given[family] = (path, value)
    }
    return given
  }

  /// A path may have the sign too.
  private func refuseUnknownFamily(
    _ text: String, _ families: [String]
  ) throws(WeightsError) {
    let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard sides.count == 2, sides[0].isWord, !AssetOptions.exists(text) else { return }
    throw WeightsError(
      .commandUsage, .usage,
      "--config \(text.quoted): no family is called \(sides[0].quoted), expected one of "
        + families.sorted().joined(separator: ", "))
  }

  private static func sides(
    _ text: String, _ families: [String]
  ) -> (family: String, path: String)? {
    let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard sides.count == 2, families.contains(sides[0]) else { return nil }
    return (sides[0], sides[1])
  }
}

import ArgumentParser
import DVLADiagnostics
import DVLAFamilies
import DVLAJSON
import DVLARemapping
import DepthVLAWeights

/// The checkpoints that a bundle is made from, each under the family that its option names.
struct SourceOptions: ParsableArguments {
  // Lists, since of an option that takes one value the last would win in silence.
  @Option(
    parsing: .singleValue, help: ArgumentHelp("A PaliGemma checkpoint.", valueName: "path"))
  var paligemma: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("A Depth Anything V2 checkpoint.", valueName: "path"))
  var depthAnything: [String] = []

  @Option(parsing: .singleValue, help: ArgumentHelp("A DINOv2 checkpoint.", valueName: "path"))
  var dinov2: [String] = []

  @Option(
    name: .customLong("pi0"), parsing: .singleValue,
    help: ArgumentHelp("A pi0 checkpoint.", valueName: "path"))
  var piZero: [String] = []

  @Option(parsing: .singleValue, help: ArgumentHelp("A DepthVLA checkpoint.", valueName: "path"))
  var depthvla: [String] = []

  @Option(
    name: .customLong("prefix"), parsing: .singleValue,
    help: ArgumentHelp(
      """
      If a checkpoint holds several copies of a model, such as the weights and their moving \
      average, use the one whose tensor names begin with this text ('' for the one without a \
      prefix). With several sources, name the family.
      """, valueName: "[family=]text"))
  var prefixes: [String] = []

  private var options: [(name: String, family: Family, paths: [String])] {
    [
      ("--paligemma", .paligemma, paligemma), ("--depth-anything", .depthAnythingV2, depthAnything),
      ("--dinov2", .dinov2, dinov2), ("--pi0", .pi0, piZero), ("--depthvla", .depthvla, depthvla),
    ]
  }

  private var paths: [(family: String, path: String)] {
    options.flatMap { option in option.paths.map { (option.family.rawValue, $0) } }
  }

  var isEmpty: Bool { paths.isEmpty }

  mutating func validate() throws {
    for option in options where option.paths.count > 1 {
      throw ValidationError("\(option.name) is given \(option.paths.count) times, expected once")
    }
  }

  /// The prefixes by the family of their source.
  private func chosenPrefixes(_ library: ManifestLibrary) throws(WeightsError) -> [String: String] {
    var chosen: [String: String] = [:]
    for text in prefixes {
      let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let named = sides.count == 2 && library.families.contains(String(sides[0]))
      guard named || paths.count == 1 else {
        throw WeightsError(
          .commandUsage, .usage,
          "--prefix \(text.quoted): name the source: "
            + paths.map { "--prefix \($0.family)=…" }.joined(separator: " or "))
      }
      let family = named ? String(sides[0]) : paths[0].family
      guard paths.contains(where: { $0.family == family }) else {
        throw WeightsError(
          .commandUsage, .usage, "--prefix \(text.quoted): no \(family) source is given")
      }
      guard chosen.updateValue(named ? String(sides[1]) : text, forKey: family) == nil else {
        throw WeightsError(.commandUsage, .usage, "--prefix is given twice for \(family)")
      }
    }
    return chosen
  }

  /// - Throws: `command.family` when a checkpoint is another model than the option says.
  func open(
    _ library: ManifestLibrary, configs: ConfigOptions
  ) throws(WeightsError) -> [ImportedSource] {
    let given = try configs.read(for: paths.map(\.family), library: library)
    var sources: [ImportedSource] = []
    let chosen = try chosenPrefixes(library)
    for (family, path) in paths {
      let source = try ImportedSource(
        path: path, library: library, config: given[family],
        prefix: chosen[family])
      guard source.family == family else {
        let option = options.first { $0.family.rawValue == source.family }
        throw WeightsError(
          .commandFamily, file: path,
          "is a \(source.family) checkpoint (\(source.recognition.naming) naming), not \(family)"
            + (option.map { "; give it with \($0.name)" } ?? ""))
      }
      sources.append(source)
    }
    return sources
  }
}

/// Configuration values that neither shapes nor config.json determine.
struct SettingOptions: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      """
      A configuration value that the checkpoint lacks, such as num_attention_heads=6, or a \
      processing setting, such as image_fit=pad.
      """,
      valueName: "key=value"))
  var texts: [String] = []

  /// The values as JSON where they are JSON, else as text.
  func values() throws(WeightsError) -> [(key: String, value: JSONValue)] {
    var values: [(key: String, value: JSONValue)] = []
    for text in texts {
      guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
        throw WeightsError(.commandUsage, .usage, "--set \(text.quoted): expected KEY=VALUE")
      }
      let key = String(text[..<sign])
      guard !values.contains(where: { $0.key == key }) else {
        throw WeightsError(.commandUsage, .usage, "--set \(key.quoted) is given twice")
      }
      let value = String(text[text.index(after: sign)...])
      values.append((key, (try? StrictJSON.parse(value)) ?? .string(value)))
    }
    return values
  }
}

extension WeightsError.Code {
  /// The arguments of the command cannot be understood or contradict each other.
  static let commandUsage = Self("command.usage")
  /// A checkpoint is of another family than the option says.
  static let commandFamily = Self("command.family")
}

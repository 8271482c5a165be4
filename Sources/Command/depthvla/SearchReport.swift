import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLAPrecisionSearch
import DepthVLAWeights

/// The files that a search writes beside a bundle.
struct SearchPaths {
  let recipe: String
  let calibration: String
  /// Measurements, for a run that goes on.
  let work: String

  private static let bundleSuffix = ".dvla.safetensors"
  private static let recipeSuffix = ".recipe.json"

  init(bundle: String, recipe given: String?) {
    let (folder, name) = bundle.splitAtLastComponent
    func beside(_ name: String) -> String { folder == "." ? name : folder + "/" + name }
    func stem(_ path: String, _ suffix: String) -> String {
      path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path
    }
    recipe = given ?? beside(stem(name, Self.bundleSuffix) + Self.recipeSuffix)
    calibration = stem(recipe, Self.recipeSuffix) + ".calibration.safetensors"
    work = beside("." + name + ".search")
  }

  /// Refuses what could not be written, before the search, which is long.
  ///
  /// - Parameters:
  ///   - more: what else is written: the bundle, its signature.
  ///   - isResuming: whether measurements are kept too.
  /// - Throws: `output.is-input` where one would replace another, or a file of a source;
  ///   as `OutputVacancy.require(_:overwrite:)`.
  func require(
    with more: [String], of conversion: Conversion, isResuming: Bool
  ) throws(WeightsError) {
    let outputs = more + [recipe, calibration]
    for output in outputs {
      try OutputVacancy.require(output, overwrite: conversion.options.overwrite)
      try conversion.protectInputs(from: output)
    }
    let all = outputs + (isResuming ? [work] : [])
    for (index, output) in all.enumerated() {
      for other in all[..<index] where try isSamePlace(output, other) {
        throw InputProtection.refusal(
          output: output, is: other == output ? "the place of two outputs" : "also \(other.quoted)")
      }
    }
  }
}

/// What a search found, for a person and as a document.
struct SearchReport {
  let recipe: FoundRecipe
  private let paths: SearchPaths

  init(_ recipe: FoundRecipe, paths: SearchPaths) {
    self.recipe = recipe
    self.paths = paths
  }

  /// What the conversion writes before the bundle has its name.
  var output: RecipeOutput {
    RecipeOutput(recipe, path: paths.recipe, calibrationPath: paths.calibration)
  }

  /// Removes what another run would go on from.
  ///
  /// - Throws: `file.*`.
  func removeWork() throws(WeightsError) { try removeFile(path: paths.work) }

  var words: String {
    let (largest, smallest, found) = recipe.byteCounts
    var text =
      "search: \(Units.fixed(recipe.forwards, 1)) of at most "
      + "\(Units.fixed(recipe.forwardLimit, 0)) forwards, "
      + "\(recipe.result.checkCount) combinations checked\n"
    text +=
      "  \(Units.bytes(found)) of weights, between \(Units.bytes(smallest)) and "
      + "\(Units.bytes(largest))\n"
    for (stored, count) in counts { text += "  \(count) groups in \(stored)\n" }
    let used = recipe.result.check.largest
    text += "  \(Units.fixed(used * 100, 0))% of the budget is used\n"
    text += "recipe \(paths.recipe.escapedForTerminal)"
    if recipe.calibration != nil {
      text += ", which needs --calibration \(paths.calibration.escapedForTerminal)"
    }
    return text + "\n"
  }

  /// By precision, the most frequent first.
  private var counts: [(stored: String, count: Int)] {
    var counts: [String: Int] = [:]
    for (group, option) in zip(recipe.groups, recipe.result.choice) {
      counts[group.options[option].precision.words, default: 0] += 1
    }
    return counts.map { ($0.key, $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }

  /// Members of the document of a conversion.
  var members: [(String, JSONValue)] {
    [
      ("recipe", .string(paths.recipe)),
      ("calibration", recipe.calibration == nil ? .null : .string(paths.calibration)),
      ("search", recipe.json.object?["search"] ?? .null),
    ]
  }
}

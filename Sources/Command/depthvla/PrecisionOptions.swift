public import ArgumentParser
import DVLADiagnostics
import DVLAJSON
public import DVLAQuantization
import DVLATensorMath
import DepthVLAWeights

/// Which tensor is stored in which type.
struct PrecisionOptions: ParsableArguments {
  @Option(help: "The type of the weights (default: as the sources have them).")
  var precision: Precision?

  @Option(
    help: ArgumentHelp(
      "A JSON file with a precision for each tensor, in place of --precision.",
      valueName: "file"))
  var recipe: String?

  @Option(
    help: ArgumentHelp(
      "What a recipe with compensated rounding needs: the file that was written with it.",
      valueName: "file"))
  var calibration: String?

  @Option(
    help: ArgumentHelp(
      "Find the smallest precision of each group of weights that stays inside this budget.",
      valueName: "file"))
  var budget: String?

  @Option(
    help: ArgumentHelp(
      "With --budget: a folder of recorded observations.", valueName: "folder"))
  var observations: String?

  @Option(
    help: ArgumentHelp(
      "With --budget: where the recipe is written (default: beside the bundle).",
      valueName: "file"))
  var recipeOut: String?

  @Option(
    help: ArgumentHelp(
      "With --budget: most forward passes that may be spent (default: 40 for each gigabyte that "
        + "could be saved, or 6 for each observation).", valueName: "number"))
  var searchForwards: Int?

  @Option(
    help: ArgumentHelp(
      "With --budget: how the bundle will be run, exact or native (default: as run does).",
      valueName: "how"))
  var products: ProductPrecision?

  @Flag(help: "Accept tensors that hold NaN or infinity.")
  var allowNonFinite = false

  func validate() throws {
    if precision != nil, recipe != nil {
      throw ValidationError("--precision and --recipe exclude each other")
    }
    if budget != nil, precision != nil || recipe != nil {
      throw ValidationError("--budget finds the precision: leave --precision and --recipe out")
    }
    guard (budget == nil) == (observations == nil) else {
      throw ValidationError("--budget FILE and --observations FOLDER go together")
    }
    if budget == nil, recipeOut != nil || searchForwards != nil || products != nil {
      throw ValidationError("--recipe-out, --search-forwards and --products go with --budget")
    }
    if calibration != nil, recipe == nil {
      throw ValidationError("--calibration goes with --recipe")
    }
    if let searchForwards, !(1...1_000_000).contains(searchForwards) {
      throw ValidationError("--search-forwards \(searchForwards): expected 1 to 1000000")
    }
  }

  /// Whether the bundle keeps what the sources have, tensors that nothing reads included.
  var isSource: Bool {
    recipe == nil && budget == nil && (precision ?? .source) == .source
  }

  /// The recipe, and the calibration that was given with it.
  ///
  /// - Throws: `recipe.*`, `json.*`, `file.*`, `safetensors.*`; `quantization.calibration` for a
  ///   calibration that is none, or that another search than the recipe's has written.
  func chosen() throws(WeightsError) -> (recipe: Recipe, calibration: Calibration?) {
    guard let recipe else { return (.preset(precision ?? .source), nil) }
    let (json, parsed) = try inFile(recipe) { () throws(WeightsError) in
      let json = try UserDocument.json(of: recipe)
      return (json, try Recipe(json: json))
    }
    guard let path = calibration else { return (parsed, nil) }
    let calibration = try Calibration(path: path)
    if let expected = json.object?["search"]?.object?["calibration"]?.string,
      expected != calibration.digest.hex
    {
      let found = calibration.digest.hex
      throw WeightsError(
        .quantizationCalibration, file: path,
        "is not the calibration that was written with \(recipe.quoted): expected the SHA-256 "
          + "\(expected.quoted), found \(found.quoted)")
    }
    return (parsed, calibration)
  }
}

extension Precision: ExpressibleByArgument {}

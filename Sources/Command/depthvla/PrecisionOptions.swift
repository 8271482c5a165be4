public import ArgumentParser
import DVLADiagnostics
public import DVLAQuantization
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

  @Flag(help: "Accept tensors that hold NaN or infinity.")
  var allowNonFinite = false

  func validate() throws {
    if precision != nil, recipe != nil {
      throw ValidationError("--precision and --recipe exclude each other")
    }
  }

  /// Whether the bundle keeps what the sources have, tensors that nothing reads included.
  var isSource: Bool { recipe == nil && (precision ?? .source) == .source }

  /// - Throws: `recipe.*`, `json.*`, `file.*`.
  func chosenRecipe() throws(WeightsError) -> Recipe {
    guard let recipe else { return .preset(precision ?? .source) }
    return try inFile(recipe) { () throws(WeightsError) in
      try Recipe(json: UserDocument.json(of: recipe))
    }
  }
}

extension Precision: ExpressibleByArgument {}

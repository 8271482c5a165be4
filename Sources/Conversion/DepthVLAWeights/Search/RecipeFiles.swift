import DVLADiagnostics
import DVLAFiles

/// Where what a search has found is written, beside the bundle that is made from it.
public struct RecipeOutput: Sendable {
  public var found: FoundRecipe
  /// Where the recipe goes.
  public var path: String
  /// Where the calibration goes, if the recipe needs one.
  public var calibrationPath: String

  public init(_ found: FoundRecipe, path: String, calibrationPath: String) {
    (self.found, self.path, self.calibrationPath) = (found, path, calibrationPath)
  }
}

/// The recipe and the calibration of a bundle, which get their names together, before the bundle
/// has its own.
struct RecipeFiles {
  private let recipe: AtomicOutputFile
  private let calibration: AtomicOutputFile?

  /// Writes both under temporary names.
  ///
  /// - Throws: `file.*`.
  init(_ output: RecipeOutput, overwrite: Bool) throws(WeightsError) {
    calibration = try output.found.calibration.map { (calibration) throws(WeightsError) in
      try calibration.file(at: output.calibrationPath, overwrite: overwrite)
    }
    recipe = try AtomicOutputFile(path: output.path, overwrite: overwrite)
    let bytes = Array((output.found.json.encoded(pretty: true) + "\n").utf8)
    // The bytes of an array of integers are always initialised.
    try recipe.write(unsafe bytes.span.bytes, at: 0)
  }

  /// Gives them their names, the calibration first.
  ///
  /// - Throws: as `AtomicOutputFile.commit(after:)`; neither has its name then.
  func commit() throws(WeightsError) { try recipe.commit(after: calibration) }

  /// Removes what has no name yet.
  func discard() {
    recipe.discard()
    calibration?.discard()
  }
}

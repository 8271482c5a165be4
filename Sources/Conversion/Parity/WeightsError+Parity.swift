public import DVLADiagnostics

extension WeightsError.Code {
  /// A tensor of a golden has a name, type or shape that the schema does not know.
  public static let goldenTensor = Self("golden.tensor")
  /// An input of a golden holds a value that no input can have.
  public static let goldenValue = Self("golden.value")
  /// A golden without inputs or without stages, or a stage without one element to compare.
  public static let goldenEmpty = Self("golden.empty")
  /// A golden of another model than the one it is to be compared with.
  public static let goldenUnfit = Self("golden.unfit")
  /// A stage cannot be recorded: the model shows it twice, or it holds a NaN or an infinity.
  public static let goldenStage = Self("golden.stage")
  /// A tolerance that is not well formed.
  public static let tolerance = Self("tolerance")
  /// No tolerance covers a recorded stage.
  public static let toleranceMissing = Self("tolerance.missing")
}

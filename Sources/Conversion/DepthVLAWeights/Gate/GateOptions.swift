public import DVLAGates
public import DVLATensorMath

/// What a gate is asked.
public struct GateOptions: Sendable {
  public var budget: Budget
  /// The file that the budget is from; nil for the built-in one.
  public var budgetPath: String?
  /// How many noises each observation is run from: the recorded one, and others that are drawn.
  public var seedCount = 2
  /// How products with the weights of both are computed; nil: as each asks for.
  public var products: ProductPrecision?
  /// A tokenizer for a side that has none of its own: contents and name of the file.
  public var tokenizer: (contents: [UInt8], name: String)?
  /// Whether the report has durations, which differ from run to run.
  public var reportsTimes = true
  /// Where temporary files go.
  public var workFolder = "/tmp"
  public var threads = 1

  public init(budget: Budget) { self.budget = budget }
}

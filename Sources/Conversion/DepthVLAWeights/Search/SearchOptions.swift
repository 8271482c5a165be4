public import DVLAGates
public import DVLATensorMath

/// What a search for the smallest bundle inside a budget is asked.
public struct SearchOptions: Sendable {
  public var budget: Budget
  /// How many noises each observation is run from, as the gate does that will judge the bundle.
  public var seedCount = 2
  /// How products with the weights are computed; nil: as the gate does by default. Then a bundle of
  /// which anything is INT8 may round activations everywhere, which uses a part of the budget that
  /// no choice of precisions gives back.
  public var products: ProductPrecision?
  /// Most forwards; nil: 40 for each gigabyte, begun or whole, between the largest and the smallest
  /// weights, or 6 for each observation where that is more.
  public var forwards: Int?
  /// Where what was measured is kept, so that a search that was interrupted goes on; nil: nowhere.
  public var workPath: String?
  /// Where temporary files go.
  public var workFolder = "/tmp"

  public init(budget: Budget) { self.budget = budget }
}

/// How far a search is.
public struct SearchProgress: Sendable, Hashable {
  /// What is being done, in one word: `reference`, `measure`, `check`.
  public let phase: String
  /// In forwards.
  public let done: Double
  /// The most that will be needed.
  public let total: Double
}

public import DVLAJSON
public import DVLAPrecisionSearch
public import DVLAQuantization

/// What a search found.
public struct FoundRecipe: Sendable {
  public let recipe: Recipe
  /// What the recipe needs beside the sources; nil where it rounds everything to the nearest.
  public let calibration: Calibration?
  /// What was searched, in the order of the file, with what it could be.
  public let groups: [SearchGroup]
  public let result: BudgetSearch.Found
  /// Forwards that were spent, and the most that might have been.
  public let forwards: Double
  public let forwardLimit: Double
  /// Bytes of the groups at their most precise, at their smallest, and as found; as estimated from
  /// a sample of rows.
  public let byteCounts: (largest: Int, smallest: Int, found: Int)
  /// The document of the recipe, with the measurements as its member `search`.
  public let json: JSONValue

  init(
    _ recipe: Recipe, _ calibration: Calibration?, groups: [SearchGroup],
    result: BudgetSearch.Found, limits: [String],
    context: [(String, JSONValue)], forwards: Double, forwardLimit: Double
  ) {
    self.recipe = recipe
    self.calibration = calibration
    self.groups = groups
    self.result = result
    self.forwards = forwards
    self.forwardLimit = forwardLimit
    byteCounts = (
      groups.byteCount(of: groups.mostPrecise), groups.byteCount(of: groups.smallest),
      groups.byteCount(of: result.choice)
    )
    let members: [(String, JSONValue)] =
      context
      + (calibration.map { [("calibration", .string($0.digest.hex))] } ?? []) + [
        ("forwards", .number(forwards)), ("forward_limit", .number(forwardLimit)),
        ("checks", .integer(Int64(result.checkCount))),
        (
          "bytes",
          [
            "largest": .integer(Int64(byteCounts.largest)),
            "smallest": .integer(Int64(byteCounts.smallest)),
            "found": .integer(Int64(byteCounts.found)),
          ]
        ),
        (
          "limits",
          .array(
            limits.enumerated().map { index, words in
              [
                "limit": .string(words),
                "predicted": result.predicted.map { .number($0[index].squareRoot()) } ?? .null,
                "found": .number(result.check.used[index].squareRoot()),
              ]
            })
        ),
        (
          "groups",
          .array(
            groups.enumerated().map { index, group in
              let option = group.options[result.choice[index]]
              return [
                "name": .string(group.name), "stored": .string(option.precision.words),
                "bytes": .integer(Int64(option.byteCount)),
                "alone": result.squares.isEmpty
                  ? .null
                  : .array(result.squares[index].map { .number($0.squareRoot()) }),
              ]
            })
        ),
      ]
    var document = recipe.json.object?.members.map { ($0.key, $0.value) } ?? []
    document.append(("search", .object(JSONObject(members))))
    json = .object(JSONObject(document))
  }
}

extension TensorPrecision {
  /// Such as `int8 in groups of 64, least squares`.
  public var words: String {
    guard case .int8(let scheme) = self else { return precision.rawValue }
    let rows =
      switch scheme.granularity {
      case .channel: "int8 per channel"
      case .group(let size): "int8 in groups of \(size.rawValue)"
      }
    return rows + (scheme.scale == .leastSquares ? ", least squares" : "")
      + (scheme.rounding == .compensated ? ", compensated" : "")
      + (scheme.levels < 127 ? ", \(scheme.levels) levels" : "")
  }
}

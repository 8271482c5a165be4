internal import DVLACProducts

/// How the result of a product with stored weights is cut into tiles, by its shape and path alone:
/// a thread computes one tile at a time.
public struct ProductTiles: Sendable {
  public struct Tile: Sendable, Hashable {
    public let tokens: Range<Int>
    public let outputs: Range<Int>

    public init(tokens: Range<Int>, outputs: Range<Int>) {
      self.tokens = tokens
      self.outputs = outputs
    }

    /// From the first element to the last, in a matrix with rows that far apart.
    public func elements(stride: Int) -> Range<Int> {
      tokens.lowerBound * stride + outputs.lowerBound..<(tokens.upperBound - 1) * stride
        + outputs.upperBound
    }
  }

  private let tokens: Int
  private let outputs: Int
  private let tokenStep: Int
  private let outputStep: Int

  /// Divides the tokens into equal parts, as few as possible: each arranges the weights again. All
  /// but the last are whole strips of tokens: what is left over takes nearly a strip's time.
  ///
  /// In float32 tokens take two or four times the memory that they take in the type of the weights,
  /// so fewer of them are used longer, for up to 256 outputs.
  public init(tokens: Int, outputs: Int, path: ProductPath) {
    self.tokens = tokens
    self.outputs = outputs
    let isFloat = path.nativeWeights == .f32
    tokenStep = Self.step(tokens, atMost: isFloat ? 408 : 768)
    let parts = (tokens + tokenStep - 1) / tokenStep
    let groups = (outputs + Int(DVLA_TILE_OUTPUTS) - 1) / Int(DVLA_TILE_OUTPUTS)
    let groupsPerTile = isFloat ? min(4, max(1, parts * groups / Self.fewestTiles)) : 1
    outputStep = groupsPerTile * Int(DVLA_TILE_OUTPUTS)
  }

  /// Where there are as many groups of outputs: so that threads end at about the same time.
  private static let fewestTiles = 16

  /// Equal parts in whole strips of 12 tokens: a multiple of every path's, and a divisor of the
  /// limits.
  static func step(_ tokens: Int, atMost limit: Int) -> Int {
    let parts = max(1, (tokens + limit - 1) / limit)
    return max(1, (tokens + parts - 1) / parts + 11) / 12 * 12
  }

  private var tokenParts: Int { (tokens + tokenStep - 1) / tokenStep }
  public var count: Int {
    tokenParts * ((outputs + outputStep - 1) / outputStep)
  }

  /// Tiles of the same weights follow each other.
  public subscript(index: Int) -> Tile {
    let token = index % tokenParts * tokenStep
    let output = index / tokenParts * outputStep
    return Tile(
      tokens: token..<min(tokens, token + tokenStep),
      outputs: output..<min(outputs, output + outputStep))
  }
}

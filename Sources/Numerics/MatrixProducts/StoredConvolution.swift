internal import DVLACProducts

/// A convolution of 3 x 3 pixels, one pixel apart, over an image [H, W, C], with weights
/// [outputs, 3, 3, C] in float32, half precision or bfloat16: 16 products where the definition has
/// 36, by Winograd's minimal filtering F(2 x 2, 3 x 3).
///
/// Source: Lavin and Gray, arXiv 1509.09308. Sums are float32, as those of ``StoredProduct``.
///
/// Several threads share an instance: first all parts of the weights are arranged, then blocks of
/// tiles, 2 x 2 pixels of the result each, are computed, of as many images as there are. The bits
/// of the result depend neither on the thread nor on the path.
///
/// Unsafe code. The invariants: `arranged` has room for all parts from `init` to `deinit`. Threads
/// that arrange at the same time have no part in common, so none of their bytes either, and all of
/// them have ended before the first block. Spans are checked to hold what the kernels read and
/// write; the pointers live only inside the closures.
@safe
public final class StoredConvolution: @unchecked Sendable {
  /// Sizes of a convolution, of one image.
  public struct Shape: Sendable {
    public let height: Int
    public let width: Int
    public let channels: Int
    public let outputs: Int
    /// Pixels of zeros on each of the four sides.
    public let padding: Int

    /// - Precondition: sizes are positive, the padding is not negative, and the padded image is no
    ///   smaller than the kernel.
    public init(height: Int, width: Int, channels: Int, outputs: Int, padding: Int) {
      precondition(height > 0 && width > 0 && channels > 0 && outputs > 0, "sizes are positive")
      precondition(padding >= 0 && min(height, width) + 2 * padding >= 3, "room for the kernel")
      self.height = height
      self.width = width
      self.channels = channels
      self.outputs = outputs
      self.padding = padding
    }

    public var resultHeight: Int { height + 2 * padding - 2 }
    public var resultWidth: Int { width + 2 * padding - 2 }
    fileprivate var tilesAcross: Int { (resultWidth + 1) / 2 }

    /// Tiles that cover the result, row by row.
    public var tiles: Int { (resultHeight + 1) / 2 * tilesAcross }

    /// Blocks that the tiles are cut into, equal but for the last: a thread computes one at a time,
    /// and what it transforms to stays in a cache.
    public var blocks: Int { (tiles + tilesPerBlock - 1) / tilesPerBlock }

    private var tilesPerBlock: Int { ProductTiles.step(tiles, atMost: 96) }

    fileprivate func tiles(ofBlock block: Int) -> Range<Int> {
      block * tilesPerBlock..<min(tiles, (block + 1) * tilesPerBlock)
    }

    /// The elements of the result's rows that a block has pixels in; others may have some of them.
    public func elements(ofBlock block: Int) -> Range<Int> {
      let tiles = tiles(ofBlock: block)
      let rows =
        tiles.lowerBound / tilesAcross
        * 2..<min(
          resultHeight, ((tiles.upperBound - 1) / tilesAcross + 1) * 2)
      return rows.lowerBound * resultWidth * outputs..<rows.upperBound * resultWidth * outputs
    }
  }

  public let path: ProductPath
  public let weightType: ProductPath.WeightType
  public let shape: Shape
  private let arranged: UnsafeMutableRawPointer

  /// Whether the path has convolutions, and of such weights: those of float32 have.
  public static func isAvailable(_ path: ProductPath, of weights: ProductPath.WeightType) -> Bool {
    dvla_has_convolutions(path.inC, weights.inC)
  }

  /// - Precondition: ``isAvailable(_:of:)``.
  public init(_ path: ProductPath, of weights: ProductPath.WeightType, _ shape: Shape) {
    precondition(Self.isAvailable(path, of: weights), "no such convolutions here")
    self.path = path
    self.weightType = weights
    self.shape = shape
    unsafe arranged = .allocate(
      byteCount: dvla_convolution_weight_bytes(shape.inC), alignment: 64)
  }

  deinit { unsafe arranged.deallocate() }

  /// Parts of the weights: 16 outputs each.
  public var weightParts: Int { dvla_convolution_weight_parts(shape.inC) }

  /// Transforms a part of the weights.
  ///
  /// - Parameter weights: all of them, [outputs, 3, 3, channels].
  public func arrangeWeights(part: Int, of weights: RawSpan) {
    precondition((0..<weightParts).contains(part), "a part of the weights")
    precondition(
      weights.byteCount == shape.outputs * 9 * shape.channels * weightType.byteWidth,
      "all weights")
    unsafe weights.withUnsafeBytes { weights in
      guard let weights = weights.baseAddress else { return }
      unsafe dvla_convolution_arrange_weights(
        path.inC, weightType.inC, shape.inC, weights, part, arranged)
    }
  }

  /// Computes a block, once all parts of the weights are arranged.
  ///
  /// - Parameters:
  ///   - image: [height, width, channels].
  ///   - bias: [outputs].
  ///   - result: the elements of ``Shape/elements(ofBlock:)``. Pixels of other blocks among them
  ///     are not touched.
  public func multiply(
    block: Int, image: Span<Float>, bias: [Float]?, into result: inout MutableSpan<Float>
  ) {
    precondition((0..<shape.blocks).contains(block), "a block of the result")
    precondition(image.count == shape.height * shape.width * shape.channels, "a whole image")
    precondition(bias.map { $0.count == shape.outputs } ?? true, "a bias for each output")
    precondition(result.count == shape.elements(ofBlock: block).count, "the block's rows")
    let tiles = shape.tiles(ofBlock: block)
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: dvla_convolution_scratch_bytes(shape.inC, tiles.count), alignment: 64)
    defer { unsafe scratch.deallocate() }
    unsafe image.withUnsafeBufferPointer { image in
      unsafe bias.withAddress { bias in
        unsafe result.withUnsafeMutableBufferPointer { result in
          guard let image = image.baseAddress, let result = result.baseAddress else { return }
          unsafe dvla_convolve_tiles(
            path.inC, shape.inC, image, arranged, bias, tiles.lowerBound, tiles.count, scratch,
            result)
        }
      }
    }
  }
}

extension StoredConvolution.Shape {
  fileprivate var inC: dvla_convolution_shape {
    dvla_convolution_shape(
      height: height, width: width, channels: channels, outputs: outputs, padding: padding)
  }
}

import DVLAResampling
public import DVLATensors

/// What becomes of a predicted depth map.
public enum DepthPostprocessing {
  /// The map at the size of the picture it belongs to: bicubic, edges repeated, not antialiased.
  ///
  /// Source: transformers 5.23, `DPTImageProcessor.post_process_depth_estimation`, which Depth
  /// Anything uses.
  ///
  /// - Parameter depth: [h, w].
  /// - Returns: [size.height, size.width].
  public static func resize(_ depth: Tensor, to size: PixelSize) -> Tensor {
    precondition(depth.shape.rank == 2, "a map [h, w]")
    let plane = depth.reshaped([1, depth.shape[0], depth.shape[1]])
    return Resampling.bicubic(plane, to: (size.height, size.width))
      .reshaped([size.height, size.width])
  }
}

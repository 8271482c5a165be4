import ArgumentParser
import DVLABundles

/// The bundle that `convert` writes, and how.
struct BundleOutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The bundle to write.", valueName: "file"))
  var target: String?

  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      """
      The family of the bundle: paligemma, dinov2, depth-anything-v2, pi0 or depthvla (default: \
      that of a single source, depthvla for several).
      """, valueName: "family"))
  var family: String?

  @Flag(
    help: """
      Compress INT8 values too, a tenth smaller and slower to load, and BF16 and F32 values by \
      more than their exponents: about 0.8 and 0.3 percent smaller, a little slower to load.
      """)
  var smallest = false

  @Flag(help: "Do not compress, so that tensors can be mapped in place by run --map.")
  var store = false

  @Flag(help: "Print the plan with sizes and write nothing.")
  var dryRun = false

  @Flag(help: "Replace the output if it exists.")
  var force = false

  @Flag(
    help: """
      Continue what an interrupted run of the same conversion left, after checking every byte of \
      it. If this run is interrupted, keep its work too.
      """)
  var resume = false

  func validate() throws {
    if store, smallest { throw ValidationError("--store and --smallest exclude each other") }
  }

  var packing: BundlePacking { store ? .store : .packed(smallest: smallest) }
}

import DVLAPages

/// The words of a gate's page that a reader may not know.
enum GateGlossary {
  static var markup: Markup {
    Section.part("Words", Section.folded("What the words of this page mean", Section.facts(words)))
  }

  private static let words: [(term: String, value: Markup)] = [
    ("Budget", "How far a candidate may be from its reference, as a list of limits."),
    (
      "Part of a limit used",
      """
      What was found as a share of what is allowed. For SQNR it is the limit over what was found; for \
      a cosine and for pixels within 25 %, how far from 1 it was found as a share of how far is allowed.
      """
    ),
    ("Observation", "What a robot saw, felt and was told at one moment, as it was recorded."),
    (
      "Noise and seed",
      """
      A policy makes actions out of random numbers. Seed 0 is the noise that was recorded with the \
      observation; further seeds give other noise, the same for both models.
      """
    ),
    ("Sample", "One observation with one noise."),
    ("Chunk", "The actions that one answer of a policy holds, one for each step, counted from 0."),
    ("Robot units", "The units of the actions that the robot is given, as the data set has them."),
    ("Std", "A standard deviation: how much a dimension of the actions usually varies."),
    (
      "Depth",
      "How far away each pixel is, in the reference’s unit, which is metres where it was trained on metres."
    ),
    ("Stage", "A step inside a model whose numbers are compared, such as the output of a layer."),
    ("Tensor", "A table of weights with a name."),
    (
      "SQNR",
      """
      How much larger numbers are than their error, in decibels (dB): 20 dB is an error of a tenth, \
      40 dB of a hundredth. Higher is better.
      """
    ),
    ("Cosine", "Whether two lists of numbers point the same way; 1 is exactly so."),
    ("BF16", "Weights in 16 bits, with about three digits each."),
    (
      "I8 per channel",
      "Weights in 8 bits: whole numbers from −127 to 127, with a scale for each row of the tensor."
    ),
    (
      "Products, native or exact",
      """
      Whether weights are multiplied in the type in which they are stored, which is faster, or \
      exactly, in float32.
      """
    ),
    ("Family", "What kind of policy a model is, such as pi0."),
    ("Root", "One hash over everything in a bundle that decides what it does."),
    ("SHA-256", "A fingerprint of a file: equal for equal bytes alone."),
  ]
}

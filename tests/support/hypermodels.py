"""Custom models as people write them, whose text tests write into modules of their own: importing it imports TensorFlow."""

import keras
import keras_tuner
import tensorflow as tf
from keras import layers, ops


def bidirectional_lstm(hp):
    """Keras' example of a bidirectional LSTM on IMDB."""
    inputs = keras.Input(shape=(None,), dtype="int32")
    x = layers.Embedding(20000, hp.Choice("width", [8, 16]))(inputs)
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(8))(x)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def convolution(hp):
    """Keras' text classification from scratch."""
    inputs = keras.Input(shape=(None,), dtype="int64")
    x = layers.Embedding(20000, 16)(inputs)
    x = layers.Dropout(0.5)(x)
    x = layers.Conv1D(16, 7, padding="same", activation="relu", strides=3)(x)
    x = layers.Conv1D(16, 7, padding="same", activation="relu", strides=3)(x)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(hp.Int("units", 8, 16, step=8), activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    predictions = layers.Dense(1, activation="sigmoid", name="predictions")(x)
    model = keras.Model(inputs, predictions)
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


class TransformerBlock(layers.Layer):
    def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1):
        super().__init__()
        self.att = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.ffn = keras.Sequential([layers.Dense(ff_dim, activation="relu"), layers.Dense(embed_dim)])
        self.layernorm1 = layers.LayerNormalization(epsilon=1e-6)
        self.layernorm2 = layers.LayerNormalization(epsilon=1e-6)
        self.dropout1 = layers.Dropout(rate)
        self.dropout2 = layers.Dropout(rate)

    def call(self, inputs):
        attn_output = self.att(inputs, inputs)
        attn_output = self.dropout1(attn_output)
        out1 = self.layernorm1(inputs + attn_output)
        ffn_output = self.ffn(out1)
        ffn_output = self.dropout2(ffn_output)
        return self.layernorm2(out1 + ffn_output)


class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, maxlen, vocab_size, embed_dim):
        super().__init__()
        self.token_emb = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.pos_emb = layers.Embedding(input_dim=maxlen, output_dim=embed_dim)

    def call(self, x):
        maxlen = ops.shape(x)[-1]
        positions = ops.arange(start=0, stop=maxlen, step=1)
        positions = self.pos_emb(positions)
        x = self.token_emb(x)
        return x + positions


def transformer(hp, max_length, vocabulary_size):
    """Keras' text classification with a Transformer."""
    embed_dim, num_heads, ff_dim = 8, hp.Choice("heads", [1, 2]), 8
    inputs = layers.Input(shape=(max_length,))
    x = TokenAndPositionEmbedding(max_length, vocabulary_size, embed_dim)(inputs)
    x = TransformerBlock(embed_dim, num_heads, ff_dim)(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(0.1)(x)
    x = layers.Dense(20, activation="relu")(x)
    x = layers.Dropout(0.1)(x)
    outputs = layers.Dense(2, activation="softmax")(x)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def average(hp):
    """TensorFlow's basic text classification: logits or sigmoid, BinaryAccuracy with threshold."""
    model = tf.keras.Sequential(
        [
            layers.Embedding(10001, 16),
            layers.Dropout(0.2),
            layers.GlobalAveragePooling1D(),
            layers.Dropout(0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        loss=tf.keras.losses.BinaryCrossentropy(),
        optimizer=hp.Choice("optimizer", ["adam", "rmsprop"]),
        metrics=[tf.metrics.BinaryAccuracy(threshold=0.5)],
    )
    return model


def rnn_logits(hp):
    """TensorFlow's text classification with an RNN."""
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Embedding(input_dim=10000, output_dim=16, mask_zero=True),
            tf.keras.layers.Bidirectional(tf.keras.layers.LSTM(16, return_sequences=True)),
            tf.keras.layers.Bidirectional(tf.keras.layers.LSTM(8)),
            tf.keras.layers.Dense(16, activation="relu"),
            tf.keras.layers.Dropout(hp.Float("dropout", 0.1, 0.5)),
            tf.keras.layers.Dense(1),
        ]
    )
    model.compile(
        loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
        optimizer=tf.keras.optimizers.Adam(1e-3),
        metrics=["accuracy"],
    )
    return model


class TunedModel(keras_tuner.HyperModel):
    """KerasTuner's getting started, with a text model."""

    def build(self, hp):
        model = keras.Sequential()
        model.add(layers.Embedding(10000, hp.Int("embedding", 8, 16, step=8)))
        for i in range(hp.Int("num_layers", 1, 2)):
            model.add(layers.GRU(units=hp.Int(f"units_{i}", 4, 8, step=4), return_sequences=True))
        model.add(layers.GlobalMaxPooling1D())
        if hp.Boolean("dropout"):
            model.add(layers.Dropout(rate=0.25))
        model.add(layers.Dense(2, activation="softmax"))
        learning_rate = hp.Float("lr", min_value=1e-3, max_value=1e-2, sampling="log")
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=learning_rate),
            loss="categorical_crossentropy",
            metrics=["accuracy", keras.metrics.AUC(name="auc")],
        )
        return model


@keras.saving.register_keras_serializable()
class NoisyAttention(layers.Layer):
    """A custom layer with a seed generator of its own."""

    def __init__(self, units, rate=0.1, **kwargs):
        super().__init__(**kwargs)
        self.units, self.rate = units, rate
        self.seed_generator = keras.random.SeedGenerator(7)
        self.query = layers.Dense(units, activation="tanh")
        self.score = layers.Dense(1)

    def build(self, shape):
        self.query.build(shape)
        self.score.build((*shape[:-1], self.units))

    def call(self, x, training=False):
        if training:
            x = x + keras.random.normal(ops.shape(x), stddev=self.rate, seed=self.seed_generator)
        shares = ops.softmax(self.score(self.query(x)), axis=1)
        return ops.sum(shares * x, axis=1)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "rate": self.rate}


def attention(hp):
    model = keras.Sequential(
        [
            layers.Input((None,)),
            layers.Embedding(10000, 8),
            layers.GRU(8, return_sequences=True, dropout=0.1),
            NoisyAttention(hp.Choice("units", [4, 8])),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(
        optimizer="rmsprop",
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["categorical_accuracy"],
    )
    return model


class SubclassedClassifier(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embed = layers.Embedding(vocab_size, 8)
        self.rnn = layers.GRU(units, recurrent_dropout=0.2)
        self.out = layers.Dense(2)

    def call(self, x, training=False):
        return self.out(self.rnn(self.embed(x), training=training))


def subclassed(hp, vocabulary_size):
    model = SubclassedClassifier(vocabulary_size, hp.Choice("units", [4, 8]))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def focal_loss(hp):
    model = keras.Sequential(
        [
            layers.Embedding(10000, 8),
            layers.SpatialDropout1D(0.2),
            layers.SimpleRNN(hp.Choice("units", [4, 8])),
            layers.GaussianNoise(0.1),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(
        "adam",
        keras.losses.CategoricalFocalCrossentropy(),
        metrics=["accuracy", keras.metrics.F1Score(average="macro")],
    )
    return model


def lstm_attention_pair(hp):
    """Keras' attention layer beside a convolution."""
    inputs = keras.Input((None,), dtype="int32")
    embedded = layers.Embedding(10000, 8, mask_zero=True)(inputs)
    states, last, _ = layers.LSTM(
        8, return_sequences=True, return_state=True, dropout=hp.Float("dropout", 0.0, 0.3, step=0.1)
    )(embedded)
    attended = layers.Attention()([layers.Reshape((1, 8))(last), states])
    x = layers.Concatenate()([layers.Flatten()(attended), last])
    outputs = layers.Dense(2, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"])
    return model


def steps_per_execution(hp):
    model = keras.Sequential(
        [
            layers.Input((None,)),
            layers.Embedding(10000, 8),
            layers.LSTM(hp.Choice("units", [4, 8]), dropout=0.2),
            layers.BatchNormalization(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.AdamW(1e-2), "binary_crossentropy", metrics=["accuracy"], steps_per_execution=4)
    return model


def _model(*middle, loss="sparse_categorical_crossentropy", words=50_000, rate=1e-2):
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(words, 8),
            *middle,
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def build_lstm_dropout(hp):
    return _model(layers.LSTM(hp.Choice("units", [4, 8]), dropout=0.2))


def build_lstm_recurrent_dropout(hp):
    return _model(layers.LSTM(hp.Choice("units", [4, 8]), recurrent_dropout=0.2))


def build_gru_dropout(hp):
    return _model(layers.GRU(hp.Choice("units", [4, 8]), dropout=0.2, recurrent_dropout=0.1))


def build_bi_lstm_dropout(hp):
    return _model(layers.Bidirectional(layers.LSTM(hp.Choice("units", [4, 8]), dropout=0.2)))


def build_one_hot_loss(hp):
    return _model(layers.LSTM(hp.Choice("units", [4, 8])), loss="categorical_crossentropy")


def build_small_embedding(hp):
    return _model(layers.LSTM(hp.Choice("units", [4, 8])), words=30)


def build_text_inside(hp):
    vectorize = layers.TextVectorization(max_tokens=500, output_sequence_length=20, vocabulary=["good", "bad", "room"])
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            vectorize,
            layers.Embedding(500, hp.Choice("width", [4, 8])),
            layers.LSTM(4),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def sigmoid_pair(hp):
    """Two outputs of a sigmoid each: they do not add up to 1."""
    model = keras.Sequential(
        [
            layers.Embedding(10000, 8),
            layers.GlobalAveragePooling1D(),
            layers.Dense(hp.Choice("units", [4, 8])),
            layers.Dense(2),
        ]
    )
    model.add(layers.Activation("sigmoid"))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def own_loss(hp):
    """A loss of the user's own, of one-hot labels."""
    model = keras.Sequential(
        [layers.Embedding(10000, 8), layers.GlobalMaxPooling1D(), layers.Dense(2, activation="softmax")]
    )
    hp.Choice("units", [4, 8])

    def loss(y_true, y_pred):
        return -ops.sum(y_true[:, :2] * ops.log(y_pred + 1e-6), axis=-1)

    model.compile("adam", loss)
    return model


def weighed(hp):
    """Asks for the weights of classes that built-in networks have."""
    hp.Choice("class_weights", ["balanced", "none"])
    model = keras.Sequential(
        [layers.Embedding(10000, 8), layers.GlobalMaxPooling1D(), layers.Dense(2, activation="softmax")]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model

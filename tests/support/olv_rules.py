"""The rules of Open-LLM-VTuber's wire that tests of a whole feature hold, and where; and the rows that the rules are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CLIENT_SAYS: Final = frozenset(
    {
        "text-input",
        "mic-audio-data",
        "mic-audio-end",
        "raw-audio-data",
        "ai-speak-signal",
        "interrupt-signal",
        "audio-play-start",
        "frontend-playback-complete",
        "fetch-history-list",
        "fetch-and-set-history",
        "create-new-history",
        "delete-history",
        "fetch-configs",
        "switch-config",
        "fetch-backgrounds",
        "request-init-config",
        "heartbeat",
        "add-client-to-group",
        "remove-client-from-group",
        "request-group-info",
    }
)
CLIENT_IS_TOLD: Final = frozenset(
    {
        "audio",
        "full-text",
        "control",
        "user-input-transcription",
        "backend-synth-complete",
        "force-new-message",
        "set-model-and-conf",
        "config-files",
        "config-switched",
        "history-list",
        "history-data",
        "new-history-created",
        "history-deleted",
        "background-files",
        "group-update",
        "group-operation-result",
        "interrupt-signal",
        "error",
        "heartbeat-ack",
        "tool_call_status",
    }
)
BESIDE_THE_TABLES: Final = frozenset(
    {"connect", "turn order", "client rule", "model_info", "audio-stream", "proxy-ws", "tts-ws", "asr", "http", "files"}
)
_WS, _FRONTS = "integration/test_client_ws.py::", "integration/test_olv_frontends.py::"
_MIC, _OPEN = "integration/test_client_microphone.py::", "integration/test_client_open_microphone.py::"
_HISTORIES, _CHARACTERS = "integration/test_olv_histories.py::", "integration/test_olv_characters.py::"
_GROUPS, _PROXY = "integration/test_olv_groups.py::", "integration/test_olv_proxy.py::"
_ALONE, _FILES = "integration/test_olv_proactive.py::", "integration/test_olv_files.py::"
_TTS, _ASR = "integration/test_tts_socket.py::", "integration/test_asr_door.py::"
_TOOLS = "integration/test_olv_tools.py::"
_ITEMS, _LOOK = "unit/test_olv_items.py::", "unit/test_look.py::"

HELD_ELSEWHERE: Final[Mapping[str, str]] = {
    "connect: five messages come unasked, in their order": _WS + "test_hello_comes_unasked_in_the_order_of_theirs",
    "connect: each connection has a client_uid of its own": _WS + "test_two_clients_are_apart",
    "connect: an error bears the request_id of what it answers": _WS + "test_an_error_bears_the_request_id",
    "text-input: is answered": _WS + "test_a_whole_turn_in_their_order",
    "text-input: pictures come to the model": _WS + "test_pictures_come_to_the_model",
    "mic-audio-data: 16 kHz samples of -1 to 1, in pieces": _MIC
    + "test_an_utterance_is_understood_and_answered_in_the_order_of_a_turn",
    "mic-audio-data: what is no sample is silence": _MIC + "test_sound_may_be_no_number_at_all",
    "mic-audio-end: is understood, and answered": _MIC
    + "test_an_utterance_is_understood_and_answered_in_the_order_of_a_turn",
    "mic-audio-end: pictures come with it": _MIC + "test_pictures_go_with_the_words_and_a_bad_one_does_not_lose_them",
    "mic-audio-end: with nothing understood, the client's wait ends": _MIC
    + "test_nothing_understood_ends_the_wait_without_an_error",
    "raw-audio-data: the server finds the utterance": _OPEN + "test_an_utterance_is_found_told_and_answered",
    "ai-speak-signal: the avatar speaks, and the signal is not kept": _ALONE
    + "test_it_speaks_and_remembers_only_what_it_said",
    "ai-speak-signal: pictures come with it": _ALONE + "test_it_sees_the_pictures_that_come_with_the_signal",
    "interrupt-signal: its text is what was heard": _FRONTS + "test_what_was_begun_is_what_was_heard",
    "interrupt-signal: bounds what is kept": _WS
    + "test_what_is_kept_is_bounded_by_the_words_of_the_items_that_were_begun",
    "interrupt-signal: without anything to interrupt, nothing happens": _WS
    + "test_an_interruption_while_nothing_is_said_is_let_be",
    "interrupt-signal: the others of a group are told conversation-interrupted": _GROUPS
    + "test_whoever_interrupts_the_speaker_stops_and_the_others_are_told",
    "audio-play-start: stamps the first audio at the client": _WS
    + "test_play_start_is_stamped_when_the_client_says_so",
    "frontend-playback-complete: is waited for": _WS
    + "test_force_new_message_waits_for_the_clients_word_that_all_was_played",
    "frontend-playback-complete: is not waited for for ever": _WS + "test_a_lost_playback_complete_never_hangs_a_turn",
    "fetch-history-list: is answered": _HISTORIES + "test_the_list_has_what_was_said_last_and_those_used_last_first",
    "fetch-and-set-history: the conversation is gone on with": _HISTORIES + "test_a_conversation_is_gone_on_with",
    "create-new-history: begins one, which is kept once something is said": _HISTORIES
    + "test_loading_a_page_leaves_no_conversation_behind",
    "delete-history: deletes it": _HISTORIES + "test_deleting_another_one_leaves_the_one_in_use",
    "delete-history: another one begins where it is the one in use": _HISTORIES
    + "test_deleting_the_one_in_use_begins_a_fresh_one",
    "fetch-configs: is answered": _CHARACTERS + "test_fetch_configs_lists_the_one_on_stage_first",
    "switch-config: takes the file's name, and nothing else": _CHARACTERS
    + "test_a_bad_character_is_an_error_with_its_place_and_nothing_is_switched",
    "fetch-backgrounds: is answered": "unit/test_olv_folder.py::test_a_client_that_asks_for_backgrounds_is_told",
    "request-init-config: who is on stage is told once more": _WS
    + "test_request_init_config_says_it_once_more_with_its_request_id",
    "heartbeat: is answered with heartbeat-ack": _WS + "test_heartbeat_is_acknowledged",
    "add-client-to-group: invites": _GROUPS + "test_a_client_that_is_invited_is_in_the_group_of_who_made_it",
    "remove-client-from-group: the owner removes, and anybody leaves": _GROUPS
    + "test_only_the_owner_removes_others_and_anybody_leaves",
    "request-group-info: is answered": _GROUPS + "test_a_client_that_is_invited_is_in_the_group_of_who_made_it",
    "audio: the items hold all of the words and sound": _WS
    + "test_items_hold_the_whole_reply_and_all_of_its_sound_in_order",
    "audio: null is a silent item, whose words are shown": _WS + "test_a_silent_voice_still_shows_the_words",
    "audio: volumes are from 0 to 1, for each 20 ms": "unit/test_olv_sound.py::test_volumes_are_between_0_and_1_for_each_20_ms",
    "audio: forwarded items are another client's": _GROUPS + "test_members_may_hear_each_other",
    "full-text: Thinking... follows the chain's start": _WS + "test_a_whole_turn_in_their_order",
    "full-text: AI wants to speak something...": _ALONE + "test_it_speaks_and_remembers_only_what_it_said",
    "control: mic-audio-end tells who leaves the microphone open": _OPEN
    + "test_an_utterance_is_found_told_and_answered",
    "control: interrupt tells who leaves the microphone open": _OPEN
    + "test_a_voice_while_she_speaks_interrupts_her_and_her_client",
    "user-input-transcription: what was spoken, before any audio": _WS
    + "test_what_was_spoken_is_shown_as_a_transcription_before_any_audio",
    "backend-synth-complete: once, and only if anything has sound": _WS
    + "test_backend_synth_complete_is_said_once_and_only_if_something_has_sound",
    "force-new-message: comes before each chain's end": _WS
    + "test_whatever_interrupts_it_no_sound_comes_outside_of_a_chain",
    "set-model-and-conf: conf_uid is never empty": _WS + "test_conf_uid_is_never_empty",
    "config-files: a filename and a name each": _CHARACTERS + "test_fetch_configs_lists_the_one_on_stage_first",
    "config-switched: set-model-and-conf comes before it": _CHARACTERS
    + "test_config_switched_is_preceded_by_set_model_and_conf_of_the_new_character",
    "history-list: uid, the latest message and a time each": _HISTORIES
    + "test_the_list_has_what_was_said_last_and_those_used_last_first",
    "history-data: human and ai, with times and names": _HISTORIES + "test_a_conversation_is_gone_on_with",
    "new-history-created: a name that nobody can guess": _HISTORIES + "test_names_cannot_be_guessed",
    "history-deleted: whether it was": _HISTORIES + "test_what_is_not_there_is_told_and_nothing_changes",
    "group-update: members, and whether one is their owner": _GROUPS
    + "test_when_the_owner_leaves_the_next_one_owns_the_group",
    "group-operation-result: whether it was done, and why not": _GROUPS + "test_nobody_is_invited_who_is_not_there",
    "error: a failure is told and never spoken": _WS + "test_a_failure_is_told_and_never_spoken_and_the_chain_ends",
    "tool_call_status: running, then completed or error, before the words that follow": _TOOLS
    + "test_a_call_is_told_before_the_words_that_follow_from_it",
    "heartbeat-ack: answers heartbeat": _WS + "test_heartbeat_is_acknowledged",
    "turn order: as a whole": _WS + "test_a_whole_turn_in_their_order",
    "turn order: a chain ends before the next one begins": _WS
    + "test_a_second_message_ends_the_first_chain_before_it_begins_its_own",
    "turn order: every chain ends, also one without words": _WS + "test_an_empty_reply_ends_the_chain",
    "turn order: what a client plays is all of the reply, in order": _FRONTS
    + "test_their_web_client_hears_all_of_a_reply",
    "client rule: no sound comes outside of a chain": _WS
    + "test_whatever_interrupts_it_no_sound_comes_outside_of_a_chain",
    "client rule: after an interruption the next reply is heard": _FRONTS
    + "test_after_an_interruption_the_next_reply_is_heard",
    "client rule: the 20 ms between items fall into pauses": _ITEMS
    + "test_a_pause_at_the_end_of_a_segment_is_shorter_by_the_clients_own",
    "client rule: the Unity client reads every clip": _FRONTS + "test_their_unity_client_hears_all_of_a_reply",
    "client rule: a clip's sizes are true": "unit/test_olv_sound.py::test_a_wav_is_plain_and_its_sizes_are_true",
    "client rule: an expression comes with sound": _ITEMS
    + "test_an_expression_of_a_silent_segment_is_taken_on_with_the_next_sound",
    "client rule: an expression comes with the first item of its segment": _ITEMS
    + "test_expressions_come_with_the_first_item_of_their_segment",
    "model_info: its fields are of their types": _LOOK + "test_a_field_of_the_wrong_type_is_left_out_and_told_once",
    "model_info: a url is there though there is no model": _LOOK
    + "test_without_a_model_their_web_client_gets_a_text_for_an_address",
    "model_info: emotionMap holds numbers and names": _LOOK + "test_what_an_emotion_map_may_hold",
    "model_info: tags of emotionMap are not spoken, and become expressions": _CHARACTERS
    + "test_emotions_of_the_model_are_taken_out_of_speech_and_become_actions",
    "proxy-ws: is there only if it is asked for": _PROXY + "test_it_is_not_there_unless_it_is_asked_for",
    "proxy-ws: all are told what the avatar says": _PROXY + "test_all_are_told_what_the_avatar_says",
    "proxy-ws: text-input is answered one after the other": _PROXY
    + "test_each_message_waits_until_those_before_are_answered",
    "proxy-ws: heartbeat and request-init-config are answered to who asks": _PROXY
    + "test_heartbeats_and_wishes_are_answered_to_whoever_asks",
    "tts-ws: a clip for each sentence, then complete": _TTS + "test_a_clip_for_each_sentence_and_then_the_end",
    "tts-ws: what cannot be spoken is an error": _TTS + "test_nothing_that_can_be_spoken_is_told",
    "asr: a file becomes text": _ASR + "test_what_is_said_in_a_file",
    "http: /live2d-models/info tells the models": _FILES + "test_the_models_are_told",
    "http: /web-tool and /web_tool lead to its page": _FILES + "test_the_web_tool_has_addresses_that_lead_to_its_page",
    "http: /cache holds clips and nothing else": _TTS + "test_a_clip_can_be_fetched_and_nothing_else",
    "http: /live2d-models, /bg, /avatars and /web-tool hold files": _FILES + "test_a_file_has_its_type_and_no_other",
    "http: /avatars holds pictures only": "unit/test_olv_folder.py::test_which_types_are_served",
    "http: / is the frontend": _FILES + "test_a_frontend_takes_the_place_of_the_studio",
    "files: their conversations are found among ours": "unit/test_import_histories.py::test_they_are_found_among_ours",
}
